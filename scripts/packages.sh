#!/bin/sh
# Makes sure that commands exist, and installs the Debian packages that bring them.
# usage: packages.sh COMMAND=PACKAGE …      Without root it names what is missing and how to get it.
set -eu

missing=""
for pair in "$@"; do
    command=${pair%%=*}
    package=${pair#*=}
    if ! command -v "$command" >/dev/null 2>&1 && ! ls /usr/lib/postgresql/*/bin/"$command" >/dev/null 2>&1; then
        missing="$missing $package"
    fi
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "missing:$missing" >&2
    echo "install them, for example with: sudo apt-get install$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086 # a list of words
if ! { apt-get update && apt-get install --yes --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "could not install:$missing" >&2
    exit 1
fi
rm -f "$log"
