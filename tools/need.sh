#!/bin/sh
# Install Debian packages when root, otherwise name them in one line and stop.    usage: tools/need.sh PACKAGE…
[ $# -gt 0 ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing system packages: $*"
    apt-get update -qq # may fail offline: the lists at hand may do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null && exit 0
fi
echo "missing system packages, install them and call make again: sudo apt-get install $*" >&2
exit 1
