#!/usr/bin/env bash
# Installs the programs that the tests drive: a browser, a terminal multiplexer, less, vi, htop, curl, openssl,
# BusyBox's flock and nats-server. Does nothing where they are. CHROMIUM and NATS_SERVER name other binaries.
set -euo pipefail

[ "$(uname)" != Linux ] || bash "$(dirname "$0")/ensure-busybox-flock.sh" >/dev/null
bash "$(dirname "$0")/ensure-nats-server.sh" >/dev/null

missing=()
command -v "${CHROMIUM:-chromium}" >/dev/null || missing+=(chromium)
command -v tmux >/dev/null || missing+=(tmux)
command -v less >/dev/null || missing+=(less)
command -v vi >/dev/null || missing+=(vim-tiny)
command -v htop >/dev/null || missing+=(htop)
command -v curl >/dev/null || missing+=(curl)
command -v openssl >/dev/null || missing+=(openssl)
[ ${#missing[@]} -eq 0 ] && exit 0

refuse() {
  echo "$1" >&2
  echo "The tests need: ${missing[*]}. On Debian or Ubuntu: apt-get install -y ${missing[*]}" >&2
  echo "Chromium or Chrome elsewhere: name its binary in the environment variable CHROMIUM." >&2
  exit 1
}

[ -z "${CHROMIUM:-}" ] || command -v "$CHROMIUM" >/dev/null || refuse "CHROMIUM=$CHROMIUM is not there."
command -v apt-get >/dev/null || refuse "There is no apt-get here to install them with."
[ "$(id -u)" -eq 0 ] || refuse "Only root may install them."

echo "Installing ${missing[*]} (apt-get) …"
export DEBIAN_FRONTEND=noninteractive
# Another installation under way is waited for.
apt_get() { apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }
apt_get update || refuse "apt-get update failed."
apt_get install -y --no-install-recommends "${missing[@]}" || refuse "apt-get install failed."
