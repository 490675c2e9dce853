#!/bin/sh
# Writes requirements.lock anew from pyproject.toml, with the newest versions that fit. Needs uv.
#
# One file serves uv and pip. pip and uv take hashes only from a list of pinned requirements, not from
# constraints, so the file is such a list in two parts: the desk's, and after a line that names them the
# development tools. run.sh installs the first part, test.sh the whole.
set -eu
cd -- "$(dirname -- "$0")/.."
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
trap 'exit 1' HUP INT TERM

compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
        pyproject.toml --extra postgres --group build "$@"
}
compile -o "$parts/run"
compile --group dev -c "$parts/run" -o "$parts/all"

{
    echo '# Written by tools/lock.sh: every package with its version and the hashes of its files.'
    echo '# Linux (glibc and musl, x86-64 and arm64) and macOS, CPython 3.11 to 3.14.'
    cat "$parts/run"
    echo '# Development tools'
    awk '/^[a-z0-9]/ { new = !($1 in seen) } NR == FNR { if (/^[a-z0-9]/) seen[$1]; next } new' \
        "$parts/run" "$parts/all"
} >"$parts/lock"
mv "$parts/lock" requirements.lock
