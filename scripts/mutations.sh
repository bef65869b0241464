#!/bin/sh
# Takes away one defence after the other and expects the test that is named in its patch to fail.
# usage: mutations.sh [NAME …]      The work tree must be clean; it is left as it was.
#
# The first line of a patch says what has to fail:
#   test: ARGUMENTS OF CARGO TEST … NAME
#   processes: the same, of a test that starts the binaries
#   browser: FILE NAME OF THE TEST     in tests/browser, which starts the binaries too
set -eu
cd "$(dirname "$0")/.."

[ -z "$(git status --porcelain -- '*.rs' '*.mjs')" ] || { echo "commit or stash your changes first" >&2; exit 1; }
scripts/packages.sh build
# Some of the tests have a mail server in it.
tests/interop/python/venv.sh
SYMBOLON_TEST_POSTGRES=$(tests/postgres.sh start)
export SYMBOLON_TEST_POSTGRES
patch=
stale=
restore() {
    [ -z "$patch" ] || git apply -C1 --reverse "$patch"
    patch=
}
# Binaries without a defence must not be left for the tests that come next.
leave() {
    restore
    [ -z "$stale" ] || cargo build --quiet --workspace --bins
    tests/postgres.sh stop
}
trap leave EXIT
trap 'exit 130' INT TERM

binaries() {
    stale=yes
    cargo build --quiet --workspace --bins >/dev/null 2>&1
}

# Whether the code without the defence compiles.
builds() {
    # shellcheck disable=SC2086 # words for cargo
    case $kind in
        test) cargo test --quiet --no-run ${test% *} >/dev/null 2>&1 ;;
        processes) binaries && cargo test --quiet --no-run ${test% *} >/dev/null 2>&1 ;;
        browser) binaries ;;
    esac
}

# A page that waits in vain may hold a test for ever.
in_browser() {
    (cd tests/browser && timeout 180 node --test --test-name-pattern="$2" "$1" >/dev/null 2>&1)
}

# Whether the test passes. One that does not exist passes, too: it shows nothing.
passes() {
    # shellcheck disable=SC2086 # words for cargo
    case $kind in
        # Without a defence something may go round for ever.
        test | processes) timeout 600 cargo test --quiet $test >/dev/null 2>&1 ;;
        browser) in_browser "${test%% *}" "${test#* }" ;;
    esac
}

[ $# -gt 0 ] || set -- $(cd tests/mutations && ls ./*.patch | sed 's|.*/||; s|\.patch$||')
missed=0
caught=0
for name in "$@"; do
    file=tests/mutations/$name.patch
    kind=$(sed -n '1s/: .*//p' "$file")
    test=$(sed -n '1s/^[a-z]*: //p' "$file")
    git apply -C1 "$file"
    patch=$file
    if ! builds; then
        echo "BROKEN  $name: it does not compile any more"
        missed=$((missed + 1))
    elif passes; then
        echo "MISSED  $name: $test passes without the defence"
        missed=$((missed + 1))
    else
        if [ "$kind" = browser ]; then what=${test#* }; else what=${test##* }; fi
        echo "caught  $name by $what"
        caught=$((caught + 1))
    fi
    restore
done
echo "$caught passed, $missed failed"
[ "$missed" -eq 0 ]
