#!/usr/bin/env bash
# Prints the path of a BusyBox that has the applet flock, as Alpine's has. Debian's has not: there, one with
# nothing else in it is made from Debian's source package, once.
set -euo pipefail

own=$(command -v busybox || true)
if [ -n "$own" ] && "$own" --list | grep -qx flock; then
  echo "$own"
  exit 0
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/jobwire
made=$cache/busybox-flock
if [ -x "$made" ]; then
  echo "$made"
  exit 0
fi

refuse() {
  echo "$1" >&2
  echo "The tests need: a busybox in the path with the applet flock." >&2
  exit 1
}

command -v apt-get >/dev/null || refuse "There is no apt-get here to get its source with."
[ "$(id -u)" -eq 0 ] || refuse "Only root may fetch its source with apt-get."

echo "Making BusyBox's flock …" >&2
mkdir -p "$cache"
work=$(mktemp -d "$cache/busybox-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# Another installation under way is waited for.
apt_get() { apt-get -q -o DPkg::Lock::Timeout=300 "$@" >&2; }
missing=()
for tool in gcc make bzip2; do command -v "$tool" >/dev/null || missing+=("$tool"); done
if [ ${#missing[@]} -gt 0 ]; then
  apt_get update && apt_get install -y --no-install-recommends "${missing[@]}" libc6-dev ||
    refuse "apt-get install ${missing[*]} failed."
fi

# Where the package comes from, its source does; a list of our own leaves the system's as they are.
apt-cache policy busybox | grep -q http || apt_get update || refuse "apt-get update failed."
apt-cache policy busybox |
  sed -nE 's!^ +[0-9]+ (https?://[^ ]+) ([^ /]+)/([^ ]+) .* Packages$!deb-src \1 \2 \3!p' >sources.list
mkdir -p lists/partial
source_options=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o "Dir::State::Lists=$work/lists" -o APT::Sandbox::User=root)
apt_get "${source_options[@]}" update || refuse "apt-get update failed."
apt_get "${source_options[@]}" source --download-only busybox || refuse "apt-get source failed."

tar -xjf busybox_*.orig.tar.bz2 --strip-components=1
make allnoconfig >/dev/null
sed -i 's/^# CONFIG_FLOCK is not set$/CONFIG_FLOCK=y/' .config
make -j"$(nproc)" >build.log 2>&1 || { tail -20 build.log >&2; refuse "BusyBox was not built."; }
# Two of these scripts at once: each moves a whole one.
mv busybox "$made"
echo "$made"
