#!/bin/sh
# Fuzzes every parser of outside bytes for a while.
# usage: fuzz.sh [SECONDS [TARGET …]]      SECONDS a target, default 60. Needs cargo-fuzz and a nightly compiler.
set -eu
cd "$(dirname "$0")/.."

scripts/packages.sh build
seconds=${1:-60}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(cargo +nightly fuzz list --fuzz-dir tests/fuzz)
# The same versions as the server's; cargo adds what only the targets need.
[ -e tests/fuzz/Cargo.lock ] || cp Cargo.lock tests/fuzz/
for target in "$@"; do
    cargo +nightly fuzz run --fuzz-dir tests/fuzz "$target" -- -max_total_time="$seconds" -max_len=16384
done
