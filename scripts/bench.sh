#!/bin/sh
# Measures the server on SQLite and on PostgreSQL; docs/performance.md says what the figures mean.
# usage: bench.sh [sqlite | postgres] [ARGUMENTS OF symbolon-bench]
#
# The server has a core of its own; what asks it, and PostgreSQL, have another one. Whatever else runs on the machine takes
# from both: close it.
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
    sqlite | postgres) stores=$1 && shift ;;
    *) stores='sqlite postgres' ;;
esac
server_core=${SERVER_CORE:-0}
other_core=${OTHER_CORE:-1}
target=${CARGO_TARGET_DIR:-target}

scripts/packages.sh build initdb=postgresql taskset=util-linux
cargo build --release --locked --quiet -p idp-server -p symbolon-bench
folder=$PWD/$target/bench
rm -rf "$folder"
mkdir -p "$folder"

SYMBOLON_POSTGRES_DURABLE=yes
export SYMBOLON_POSTGRES_DURABLE
trap 'tests/postgres.sh stop; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //' || true
uname -sr
uptime
for store in $stores; do
    if [ "$store" = postgres ]; then
        server=$(taskset -c "$other_core" tests/postgres.sh start)
        database=$(SYMBOLON_TEST_POSTGRES=$server tests/postgres.sh database bench)
        set -- --postgres "$database" "$@"
    fi
    taskset -c "$other_core" "$target/release/symbolon-bench" --server "$target/release/idp-server" --core "$server_core" \
        --folder "$folder/$store" "$@"
done
