#!/usr/bin/env bash
# Prints the path of a nats-server for the tests. NATS_SERVER names another one. Debian's stable release has a
# newer one than the release before, which runs there as well: it is fetched into a cache, and the system's
# package lists stay as they are. Where that fails, the system's own package does.
set -euo pipefail

refuse() {
  echo "$1" >&2
  echo "The tests need: nats-server 2.10 or later, in the path or named by NATS_SERVER." >&2
  echo "On Debian or Ubuntu: apt-get install -y nats-server" >&2
  exit 1
}

if [ -n "${NATS_SERVER:-}" ]; then
  command -v "$NATS_SERVER" || refuse "NATS_SERVER=$NATS_SERVER is not there."
  exit 0
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/jobwire
fetched=$cache/nats-server
if [ -x "$fetched" ]; then
  echo "$fetched"
  exit 0
fi

own=$(command -v nats-server || true)
if [ -n "$own" ] && ! "$own" --version | grep -q ' v2\.[0-9]\.'; then
  echo "$own"
  exit 0
fi

# Another installation under way is waited for.
apt_get() { apt-get -q -o DPkg::Lock::Timeout=300 "$@" >&2; }

# Moves a whole one into its place: two of these scripts may run at once.
fetch() {
  echo "Fetching nats-server (apt-get) …" >&2
  mkdir -p "$cache"
  local work
  work=$(mktemp -d "$cache/nats-server-XXXXXX")
  cd "$work"
  mkdir -p lists/partial archives/partial
  echo "deb http://deb.debian.org/debian trixie main" >sources.list
  local options=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache::Archives=$work/archives"
    -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" -o APT::Sandbox::User=root)
  apt_get "${options[@]}" update && apt_get "${options[@]}" download nats-server &&
    dpkg-deb -x nats-server_*.deb package && package/usr/sbin/nats-server --version >&2 &&
    mv package/usr/sbin/nats-server "$fetched"
  local status=$?
  cd "$cache" && rm -rf "$work"
  return $status
}

if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && (set +e; fetch); then
  echo "$fetched"
  exit 0
fi
if [ -n "$own" ]; then
  echo "$own"
  exit 0
fi
command -v apt-get >/dev/null || refuse "There is no apt-get here to install it with."
[ "$(id -u)" -eq 0 ] || refuse "Only root may install it."
export DEBIAN_FRONTEND=noninteractive
{ apt_get update && apt_get install -y --no-install-recommends nats-server; } ||
  refuse "apt-get install failed."
command -v nats-server || echo /usr/sbin/nats-server
