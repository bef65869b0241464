#!/bin/sh
# Makes the Python of the tests in .test/python, with the packages of requirements.txt and nothing else.
set -eu
cd "$(dirname "$0")"
place=../../../.test/python

cmp -s requirements.txt "$place/requirements.txt" && "$place/bin/python" -c "" && exit 0
mkdir -p ../../../.test
python3 -m venv --clear "$place"
"$place/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
cp requirements.txt "$place/requirements.txt"
