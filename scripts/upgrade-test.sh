#!/usr/bin/env bash
# Upgrades a running server, and goes back: an older version and this one answer side by side on one database.
# usage: upgrade-test.sh [sqlite | postgres]      docs/upgrading.md says what it shows.
#
# UPGRADE_FROM names the older version; without it that is the last tag, and without any tag the first commit with grants.
set -euo pipefail
cd "$(dirname "$0")/.."

first=7bcf8dc
from=${UPGRADE_FROM:-$(git describe --tags --abbrev=0 2>/dev/null || echo "$first")}
case ${1:-} in
    sqlite | postgres) stores=$1 ;;
    *) stores='sqlite postgres' ;;
esac

scripts/packages.sh build curl=curl initdb=postgresql openssl=openssl
root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}
place=$target/upgrade
rm -rf "$place"
mkdir -p "$place"
git worktree prune

pids=()
end() {
    trap - EXIT
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait || true
    tests/postgres.sh stop || true
    git worktree remove --force "$place/source" 2>/dev/null || true
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "upgrade-test: $store: $*" >&2
    tail -n 5 "$place/$store"/*.log >&2 || true
    exit 1
}

# The older one first: both leave their program at the same place.
git worktree add --quiet --detach "$place/source" "$from"
(cd "$place/source" && CARGO_TARGET_DIR=$target cargo build --quiet --locked -p idp-server)
cp "$target/debug/idp-server" "$place/old"
cargo build --quiet --locked -p idp-server
cp "$target/debug/idp-server" "$place/new"
echo "from $(git rev-parse --short "$from^{commit}") to $(git describe --always --dirty)"

verifier=a-verifier-that-is-long-enough-for-rfc-7636-and-more
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=')
callback=http://127.0.0.1:9/callback
password='correct horse battery'

free_port() {
    local port
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
    fail "no free port"
}

# run VERSION ARGUMENTS…: the program of a version, on the database of this run.
run() {
    local version=$1
    shift
    "$place/$version" --issuer "$issuer" --store-url "$url" --state-dir "$place/$store/state" "$@"
}

# database NAME: the address of a new one. A server that was there before has left its key, which goes with its database.
database() {
    rm -rf "$place/$store/state"
    case $store in
        sqlite) echo "sqlite:$place/sqlite/$1.db" ;;
        postgres) SYMBOLON_TEST_POSTGRES=$server tests/postgres.sh database "$1" ;;
    esac
}

# start NAME VERSION PORT: sets pid_NAME.
start() {
    # The program itself, and no shell around it that a signal would end in its place.
    (exec "$place/$2" --issuer "$issuer" --store-url "$url" --state-dir "$place/$store/state" \
        serve --listen "127.0.0.1:$3" >/dev/null 2>"$place/$store/$1.log") &
    printf -v "pid_$1" %s "$!"
    pids+=("$!")
}

# up PORT: waits until a server answers.
up() {
    for _ in $(seq 300); do
        curl -sf "http://localhost:$1/readyz" >/dev/null && return
        sleep 0.1
    done
    fail "the server at $1 does not answer"
}

# down PID
down() {
    kill "$1"
    wait "$1" || true
}

ask() {
    curl -sS --max-time 20 "$@"
}

# member NAME: a text member of the JSON that comes in.
member() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

# authorize PORT JAR: what a browser with these cookies gets for a request of the shop: the address that it is sent to.
authorize() {
    ask -o /dev/null -w '%{redirect_url}' -b "$2" -c "$2" -G "http://localhost:$1/oauth2/authorize" \
        -d client_id=shop -d "redirect_uri=$callback" -d response_type=code -d prompt=consent -d state=s -d nonce=n \
        -d "code_challenge=$challenge" -d code_challenge_method=S256 --data-urlencode 'scope=openid profile offline_access'
}

# here PORT ADDRESS: the same address at the server of this port: all say that they are the issuer.
here() {
    echo "${2/#$issuer/http://localhost:$1}"
}

# code_of ADDRESS
code_of() {
    local code
    code=$(sed -n "s|^$callback?code=\([^&]*\).*|\1|p" <<<"$1")
    [ -n "$code" ] || fail "no code in $1"
    echo "$code"
}

# sign_in PORT JAR: with the password, and prints a code.
sign_in() {
    local to id page
    to=$(authorize "$1" "$2")
    page=$(ask -b "$2" -c "$2" "$(here "$1" "$to")")
    id=$(sed -n 's/.*name="id" value="\([^"]*\)".*/\1/p' <<<"$page" | head -n 1)
    [ -n "$id" ] || fail "no sign-in page at $to"
    to=$(ask -o "$place/$store/page" -w '%{redirect_url}' -b "$2" -c "$2" -H "Origin: $issuer" "http://localhost:$1/login/password" \
        -d "id=$id" -d login=alice --data-urlencode "password=$password")
    agreed "$1" "$2" "$to"
}

# agreed PORT JAR ADDRESS: says yes where the person is asked, and prints the code.
agreed() {
    local to=$3 id
    case $to in
        */oauth2/consent*)
            id=$(ask -b "$2" -c "$2" "$(here "$1" "$to")" | sed -n 's/.*name="question" value="\([^"]*\)".*/\1/p' | head -n 1)
            to=$(ask -o /dev/null -w '%{redirect_url}' -b "$2" -c "$2" -H "Origin: $issuer" "http://localhost:$1/oauth2/consent" \
                --data-urlencode "question=$id" -d choice=allow)
            ;;
    esac
    code_of "$to"
}

# token PORT FIELDS…: what the token endpoint says.
token() {
    local port=$1
    shift
    ask "http://localhost:$port/oauth2/token" -d client_id=shop -d "client_secret=$secret" "$@"
}

# redeem PORT CODE: prints access and refresh token.
redeem() {
    local answer
    answer=$(token "$1" -d grant_type=authorization_code -d "redirect_uri=$callback" -d "code_verifier=$verifier" --data-urlencode "code=$2")
    [ -n "$(member id_token <<<"$answer")" ] || fail "no ID token at $1: $answer"
    echo "$(member access_token <<<"$answer") $(member refresh_token <<<"$answer")"
}

# refresh PORT TOKEN: prints access and refresh token.
refresh() {
    local answer
    answer=$(token "$1" -d grant_type=refresh_token --data-urlencode "refresh_token=$2")
    [ -n "$(member refresh_token <<<"$answer")" ] || fail "no refresh at $1: $answer"
    echo "$(member access_token <<<"$answer") $(member refresh_token <<<"$answer")"
}

# userinfo PORT TOKEN
userinfo() {
    local answer
    answer=$(ask "http://localhost:$1/oauth2/userinfo" -H "Authorization: Bearer $2")
    [ "$(member preferred_username <<<"$answer")" = alice ] || fail "userinfo at $1: $answer"
}

# across FROM TO JAR: what began at one server goes on at the other: session, code, tokens, refresh.
across() {
    local code tokens
    code=$(agreed "$1" "$3" "$(authorize "$1" "$3")")
    read -r -a tokens <<<"$(redeem "$2" "$code")"
    userinfo "$1" "${tokens[0]}"
    userinfo "$2" "${tokens[0]}"
    read -r -a tokens <<<"$(refresh "$1" "${tokens[1]}")"
    userinfo "$2" "${tokens[0]}"
    read -r -a tokens <<<"$(refresh "$2" "${tokens[1]}")"
    userinfo "$1" "${tokens[0]}"
}

upgrade() {
    store=$1
    mkdir -p "$place/$store"
    local a b c tokens kept code jar=$place/$store/jar
    a=$(free_port) b=$(free_port) c=$(free_port)
    issuer=http://localhost:$a

    url=$(database empty)
    start first new "$b"
    start second new "$c"
    up "$b" && up "$c"
    down "$pid_first"
    down "$pid_second"
    echo "$store: two servers started at once on an empty database"

    url=$(database upgrade)
    run old user add alice --name 'Alice Example' <<<"$password" >/dev/null
    secret=$(run old client add shop --name 'The Shop' --redirect-uri "$callback" --grant-type authorization_code \
        --grant-type refresh_token --consent ask | sed -n 's/^client_secret *//p')
    start old old "$a"
    up "$a"
    code=$(sign_in "$a" "$jar")
    read -r -a kept <<<"$(redeem "$a" "$(agreed "$a" "$jar" "$(authorize "$a" "$jar")")")"
    echo "$store: the old version signs people in"

    # The database is migrated once, although two come at the same moment, and while the old one goes on.
    start one new "$b"
    start two new "$c"
    up "$b" && up "$c"
    echo "$store: two servers of the new version started at once, beside the old one"

    read -r -a tokens <<<"$(redeem "$b" "$code")"
    userinfo "$a" "${tokens[0]}"
    userinfo "$c" "${kept[0]}"
    read -r -a kept <<<"$(refresh "$b" "${kept[1]}")"
    across "$a" "$b" "$jar"
    across "$c" "$a" "$jar"
    code=$(sign_in "$b" "$jar-new")
    redeem "$a" "$code" >/dev/null
    across "$a" "$c" "$jar-new"
    code=$(sign_in "$a" "$jar-old")
    redeem "$c" "$code" >/dev/null
    echo "$store: sign-ins, codes, tokens and refresh tokens of either are good at the other"

    down "$pid_old"
    down "$pid_one"
    down "$pid_two"
    start back old "$a"
    up "$a"
    redeem "$a" "$(sign_in "$a" "$jar-back")" >/dev/null
    userinfo "$a" "${kept[0]}"
    read -r -a kept <<<"$(refresh "$a" "${kept[1]}")"
    redeem "$a" "$(agreed "$a" "$jar-new" "$(authorize "$a" "$jar-new")")" >/dev/null
    down "$pid_back"
    echo "$store: the old version starts again on what the new one left"

    start again new "$b"
    up "$b"
    userinfo "$b" "${kept[0]}"
    refresh "$b" "${kept[1]}" >/dev/null
    redeem "$b" "$(sign_in "$b" "$jar-again")" >/dev/null
    down "$pid_again"
    echo "$store: and the new one after it"
}

for store in $stores; do
    if [ "$store" = postgres ]; then server=$(tests/postgres.sh start); fi
    upgrade "$store"
done
