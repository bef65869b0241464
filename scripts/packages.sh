#!/bin/sh
# Makes sure that commands, files or C libraries exist, and installs the Debian packages that bring them.
# usage: packages.sh [build] COMMAND=PACKAGE '/PATTERN/OF/A/FILE=PACKAGE' LIBRARY.pc=PACKAGE …
# `build` stands for all that building the workspace needs.
# Without root it names what is missing and how to get it.
set -eu

# The commands of PostgreSQL are not in the PATH.
is_there() {
    # shellcheck disable=SC2086 # a pattern
    case $1 in
        /*) ls -d $1 ;;
        *.pc) pkg-config --exists "${1%.pc}" ;;
        *) command -v "$1" || ls /usr/lib/postgresql/*/bin/"$1" ;;
    esac >/dev/null 2>&1
}

# AWS-LC and SQLite are C. A crate below symbolon-saml looks for the headers of OpenSSL, of which nothing is linked
# (docs/adr/0030).
if [ "${1-}" = build ]; then
    shift
    set -- cc=build-essential pkg-config=pkg-config openssl.pc=libssl-dev "$@"
fi

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
