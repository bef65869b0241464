#!/bin/sh
# Takes away one defence after the other and expects the test that is named in its patch to fail.
# usage: mutations.sh [NAME …]      The work tree must be clean; it is left as it was.
set -eu
cd "$(dirname "$0")/.."

[ -z "$(git status --porcelain -- '*.rs')" ] || { echo "commit or stash your changes first" >&2; exit 1; }
SYMBOLON_TEST_POSTGRES=$(tests/postgres.sh start)
export SYMBOLON_TEST_POSTGRES
patch=
restore() {
    [ -z "$patch" ] || git apply --reverse "$patch"
    patch=
}
trap 'restore; tests/postgres.sh stop' EXIT
trap 'exit 130' INT TERM

[ $# -gt 0 ] || set -- $(cd tests/mutations && ls ./*.patch | sed 's|.*/||; s|\.patch$||')
missed=0
caught=0
for name in "$@"; do
    file=tests/mutations/$name.patch
    test=$(sed -n 's/^test: //p' "$file")
    git apply "$file"
    patch=$file
    # shellcheck disable=SC2086 # words for cargo
    if ! cargo test --quiet --no-run ${test% *} >/dev/null 2>&1; then
        echo "BROKEN  $name: it does not compile any more"
        missed=$((missed + 1))
    elif cargo test --quiet $test >/dev/null 2>&1; then
        echo "MISSED  $name: $test passes without the defence"
        missed=$((missed + 1))
    else
        echo "caught  $name by ${test##* }"
        caught=$((caught + 1))
    fi
    restore
done
echo "$caught passed, $missed failed"
[ "$missed" -eq 0 ]
