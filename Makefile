# The few commands that people type. Each one sets up what it needs.

.PHONY: demo demo-reset test mutations fuzz

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
