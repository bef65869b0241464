#!/usr/bin/env bash
# Starts and stops a PostgreSQL of the tests' own. `start` prints its URL and may be called again; `database NAME` makes
# an empty database in it, or in the one of SYMBOLON_TEST_POSTGRES, and prints its URL; `stop` deletes everything. It listens on 127.0.0.1 only, lets everybody in there, and does not care about power failures.
# With SYMBOLON_POSTGRES_DURABLE=yes it is another one, for `make bench`, and does care.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=$root/.test
name=postgres
careless='-c fsync=off -c full_page_writes=off'
if [ -n "${SYMBOLON_POSTGRES_DURABLE:-}" ]; then
    name=postgres-durable
    careless=
fi
place=$state/$name.place # holds the folder of the cluster
cd /

fail() {
    echo "tests/postgres.sh: $*" >&2
    exit 1
}

binaries() {
    local found
    found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1) || true
    [ -n "$found" ] || found=$(dirname "$(command -v initdb || true)")
    [ -x "$found/initdb" ] || fail "PostgreSQL is not installed (Debian: apt install postgresql)"
    echo "$found"
}

# PostgreSQL refuses to run as root.
unprivileged() {
    if [ "$(id -u)" != 0 ]; then
        "$@"
    elif command -v runuser >/dev/null; then
        runuser -u postgres -- "$@"
    else
        su postgres -s /bin/sh -c "$(printf '%q ' "$@")"
    fi
}

# A folder that the unprivileged user can reach. One in /var/tmp gets a name that nobody can guess, or somebody
# else could be there first.
make_folder() {
    local folder=$state/$name
    rm -rf "$folder"
    mkdir "$folder"
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$folder"
        if ! unprivileged test -w "$folder"; then
            rmdir "$folder"
            folder=$(mktemp -d /var/tmp/symbolon-test-XXXXXXXX)
            chown postgres "$folder"
        fi
    fi
    chmod 700 "$folder"
    echo "$folder"
}

is_running() {
    [ -s "$place" ] && unprivileged "$bin/pg_ctl" status -D "$(cat "$place")/data" >/dev/null 2>&1
}

url() {
    echo "postgres://symbolon@127.0.0.1:$(sed -n 4p "$(cat "$place")/data/postmaster.pid")/postgres"
}

start() {
    is_running && return
    stop
    local folder port
    folder=$(make_folder)
    echo "$folder" >"$place"
    unprivileged "$bin/initdb" -D "$folder/data" -U symbolon -A trust -E UTF8 --locale=C --no-sync \
        >"$state/postgres.log" 2>&1 || fail "initdb failed, see .test/postgres.log"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
        # The server must not keep what the caller waits for: neither the lock nor the pipe.
        if unprivileged "$bin/pg_ctl" start -w -t 60 -D "$folder/data" -l "$folder/server.log" -o "-p $port \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200 \
            $careless -c deadlock_timeout=100ms" </dev/null >>"$state/postgres.log" 2>&1 9>&-; then
            return
        fi
    done
    fail "the server did not start, see $folder/server.log"
}

database() {
    local server=${SYMBOLON_TEST_POSTGRES:-$(url)}
    "$bin/createdb" --maintenance-db="$server" "$1" || fail "the database $1 cannot be made"
    echo "${server%/*}/$1"
}

stop() {
    [ -s "$place" ] || return 0
    local folder
    folder=$(cat "$place")
    if is_running; then
        unprivileged "$bin/pg_ctl" stop -m immediate -D "$folder/data" >>"$state/postgres.log" 2>&1
    fi
    rm -rf "$folder" "$place"
}

bin=$(binaries)
mkdir -p "$state"
exec 9>"$state/postgres.lock"
if command -v flock >/dev/null; then flock 9; fi
case ${1:-} in
    start) start && url ;;
    stop) stop ;;
    database) database "${2:?a name}" ;;
    *) fail "say \`start\`, \`database NAME\` or \`stop\`" ;;
esac
