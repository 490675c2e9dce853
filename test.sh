#!/bin/sh
# ./test.sh         sets up and runs the tests, one process a core
# ./test.sh ARGS    passes ARGS to pytest
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/tools/venv.sh"
set_up test

# Several processes, unless the caller says how many or wants to talk to the tests.
workers=auto
previous=
for argument; do
    case $argument in
        -n* | --numprocesses* | -pno:xdist | --pdb | --trace | -s | --capture=no) workers= ;;
        no:xdist) [ "$previous" != -p ] || workers= ;;
    esac
    previous=$argument
done
cd "$here"
# A process that has nothing left to do takes tests over from the other: those that take long come last.
exec "$here/.venv/bin/python" -m pytest ${workers:+-n "$workers" --dist worksteal} "$@"
