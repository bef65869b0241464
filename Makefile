# The few commands that people type. Each one sets up what it needs.

.PHONY: demo demo-reset test mutations fuzz bench upgrade-test

# The identity provider and a shop on this computer, with a person to sign in as. Ctrl-C ends it, the data stays.
demo:
	@scripts/demo.sh

# Forgets everything that the demo stored.
demo-reset:
	rm -rf .demo

# Every test, on SQLite, on a PostgreSQL of its own, in a real browser, and with applications of others.
test:
	@scripts/test.sh

# Takes each defence away and expects its test to fail; takes a while, and is not part of the tests.
mutations:
	@scripts/mutations.sh

# Fuzzes every parser of outside bytes, SECONDS each; needs cargo-fuzz and a nightly compiler, and is not part of the tests.
SECONDS ?= 60
fuzz:
	@scripts/fuzz.sh $(SECONDS)

# Measures the server, as a share of what one core could do at most; takes some minutes on a quiet machine with two cores.
bench:
	@scripts/bench.sh

# Upgrades a running server from an older version (UPGRADE_FROM), side by side on one database, and goes back.
upgrade-test:
	@scripts/upgrade-test.sh
