#!/bin/sh
# Runs every test: builds, starts a private PostgreSQL for the run, and ends it again; then a real browser, and relying
# parties of other people.
set -eu
cd "$(dirname "$0")/.."

scripts/packages.sh build
# What only the tests need is installed while Cargo builds.
{
    scripts/packages.sh initdb=postgresql chromium=chromium node=nodejs npm=npm \
        '/usr/lib*/*/modules/mod_auth_openidc.so=libapache2-mod-auth-openidc' \
        openssl=openssl xmlsec1=xmlsec1 python3=python3 '/usr/lib*/python3*/ensurepip=python3-venv'
    for folder in browser interop; do
        npm --prefix "tests/$folder" ci --loglevel=error --no-audit --no-fund >/dev/null
    done
} &
install=$!
cargo build --workspace --all-targets --locked
wait "$install"

SYMBOLON_TEST_POSTGRES=$(tests/postgres.sh start)
export SYMBOLON_TEST_POSTGRES
trap 'tests/postgres.sh stop' EXIT
trap 'exit 130' INT TERM

cargo test --workspace --all-targets --locked --no-fail-fast
cargo test --workspace --doc --locked
# Those that need a mail server of somebody else's, which Cargo alone does not have.
cargo test --workspace --locked --test oidc --test journeys mail:: -- --ignored
# And those that ask another implementation of signatures in XML, and of certificates.
cargo test -p symbolon-saml --locked --test saml -- --ignored xmlsec:: certificates::
# Processes of their own, since they look at how much memory that takes.
cargo test -p symbolon-saml --locked --test memory -- --ignored
cargo test -p symbolon-saml --locked --test soak -- --ignored
npm --prefix tests/browser test --silent
npm --prefix tests/interop test --silent
