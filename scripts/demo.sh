#!/bin/sh
# Runs the identity provider and a shop that signs people in with it; Ctrl-C ends both.
# What they store is kept in .demo, so that a later start goes on where this one ended.
set -eu
cd "$(dirname "$0")/.."

data=.demo
bin=${CARGO_TARGET_DIR:-target}/debug
home=http://localhost:8080
shop=http://127.0.0.1:8081

fail() {
    echo "$1" >&2
    exit 1
}

if ! command -v cargo >/dev/null 2>&1; then
    fail "missing: the Rust toolchain. Get it from https://rustup.rs, then run this again."
fi
scripts/packages.sh build

echo "Building; the first time takes some minutes."
cargo build --quiet --locked --bin idp-server --bin idp-authenticator --bin symbolon-shop

umask 077
mkdir -p "$data"
server_pid=
shop_pid=

stop() {
    trap - EXIT INT TERM
    for pid in $shop_pid $server_pid; do
        kill "$pid" 2>/dev/null || true
    done
    wait
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Waits until the file $1 holds the words $2, as long as the process $3 lives.
until_said() {
    patience=60
    until grep -q "$2" "$1" 2>/dev/null; do
        if ! kill -0 "$3" 2>/dev/null || [ "$patience" -eq 0 ]; then
            tail -n 20 "$data"/*.log >&2
            return 1
        fi
        patience=$((patience - 1))
        sleep 1
    done
}

: >"$data/server.out"
: >"$data/server.log"
: >"$data/shop.log"
"$bin/idp-server" serve --demo --state-dir "$data/server" >"$data/server.out" 2>"$data/server.log" &
server_pid=$!
until_said "$data/server.out" 'is ready' "$server_pid" || fail "The server did not start; its log is above."
"$bin/symbolon-shop" --issuer "$home" >"$data/shop.log" 2>&1 &
shop_pid=$!
until_said "$data/shop.log" 'is open' "$shop_pid" || fail "The shop did not start; its log is above."

echo
sed 's/^/  /' "$data/server.out"
cat <<END

  1. Open the shop, $shop , and sign in with that user and password.
  2. Open your account, $home/account , and choose "Add a device".
     Copy the link below the QR code, then register this terminal as a device; paste the link when it asks:

       $bin/idp-authenticator --home $data/device enrol -

     (or save a screenshot of the code: $bin/idp-authenticator --home $data/device enrol screenshot.png)
  3. Sign out of the shop, open it in a private window, sign in with the QR code, and answer it:

       $bin/idp-authenticator --home $data/device scan screenshot.png

  Logs: $data/server.log and $data/shop.log.   Ctrl-C ends the demo, "make demo-reset" forgets it.
END

while kill -0 "$server_pid" 2>/dev/null && kill -0 "$shop_pid" 2>/dev/null; do
    sleep 1
done
tail -n 20 "$data"/*.log >&2
fail "The server or the shop has ended; the logs are above."
