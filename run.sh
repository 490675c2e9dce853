#!/bin/sh
# ./run.sh         sets up and runs the desk of this checkout
# ./run.sh ARGS    is `maildesk ARGS`, in the caller's directory and for the desk there, if there is one
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/tools/venv.sh"
set_up run

if [ ! -e maildesk.toml ]; then
    : "${MAILDESK_CONFIG:=$here/maildesk.toml}"
    export MAILDESK_CONFIG
fi
if [ $# -eq 0 ]; then
    set -- run
fi
exec "$here/.venv/bin/maildesk" "$@"
