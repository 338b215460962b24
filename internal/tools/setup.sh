#!/usr/bin/env bash
# Installs the Debian packages that a task needs, if they are missing.
# usage: setup.sh test|bench|libpcap
set -euo pipefail

case ${1:-} in
test) packages="gcc libc6-dev libpcap-dev iproute2 tcpdump maven openjdk-17-jdk-headless" ;;
bench) packages="tcpdump dsniff tshark zstd" ;;
libpcap) packages="gcc libc6-dev libpcap-dev" ;;
*)
	echo "usage: setup.sh test|bench|libpcap" >&2
	exit 2
	;;
esac

missing=
for p in $packages; do
	if [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" != installed ]; then
		missing="$missing $p"
	fi
done
if [ -z "$missing" ]; then
	exit 0
fi

sudo=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "setup: these Debian packages are missing, and neither root nor sudo is there to install them:$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
echo "setup: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -qq update
# shellcheck disable=SC2086 # a list of names
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
