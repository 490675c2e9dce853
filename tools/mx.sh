#!/bin/sh
# Adds the extra maildesk[mx] to .venv, after ./test.sh or ./run.sh has made it: without it its tests are skipped.
set -eu
cd -- "$(dirname -- "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_USER=0 UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS-1}"
# Both are pure Python and have no dependencies that requirements.lock does not have.
if ! uv pip install --quiet --no-cache --python .venv/bin/python --no-deps --require-hashes \
    -r requirements-mx.lock 2>/dev/null; then
    .venv/bin/python -m ensurepip >/dev/null
    .venv/bin/python -m pip install -qq --no-cache-dir --no-input --no-deps --require-hashes \
        -r requirements-mx.lock
fi
