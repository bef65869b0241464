#!/bin/sh
# Makes sure that commands or files exist, and installs the Debian packages that bring them.
# usage: packages.sh COMMAND=PACKAGE '/PATTERN/OF/A/FILE=PACKAGE' …
# Without root it names what is missing and how to get it.
set -eu

# The commands of PostgreSQL are not in the PATH.
is_there() {
    # shellcheck disable=SC2086 # a pattern
    case $1 in
        /*) ls -d $1 ;;
        *) command -v "$1" || ls /usr/lib/postgresql/*/bin/"$1" ;;
    esac >/dev/null 2>&1
}

missing=""
for pair in "$@"; do
    is_there "${pair%%=*}" || missing="$missing ${pair#*=}"
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
