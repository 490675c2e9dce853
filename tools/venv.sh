# Sourced by run.sh and test.sh, with $here set to the checkout: makes .venv what requirements.lock says.
#
#   set_up run     what the desk needs
#   set_up test    that, and the development tools
#
# Everything stays in the checkout: the environment in .venv, caches and temporary files below it, and
# .venv.lock, which is held during a set-up so that two at once wait for each other. A set-up that was
# cut short leaves no .venv/ready.* file, and the next one starts afresh.

say() {
    printf 'maildesk: %s\n' "$*" >&2
}

# What .venv/ready.run and .venv/ready.test hold: where the environment lies (it cannot be moved), and a
# checksum of all that went into it.
stamp() {
    printf '%s\n' "$here"
    cat "$here/pyproject.toml" "$here/requirements.lock" | cksum
}

ready() {
    [ -x "$here/.venv/bin/python" ] && [ -f "$here/.venv/ready.$1" ] &&
        [ "$(cat "$here/.venv/ready.$1")" = "$(stamp)" ]
}

# Prints the newest usable Python. Each candidate is run: a name on the PATH may be a pyenv shim for a
# version that is not chosen, and Debian's python3 comes without ensurepip.
find_python() {
    for candidate in python3.14 python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c "$1" >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# The lock's part for the level: the development tools come after the line that names them.
wanted() {
    case $1 in
        test) cat requirements.lock ;;
        *) sed '/^# Development tools/,$d' requirements.lock ;;
    esac
}

install_with_uv() {
    uv pip install --quiet --no-cache --python .venv/bin/python --require-hashes --only-binary :all: \
        -r .venv/wanted.txt &&
        uv pip install --quiet --no-cache --python .venv/bin/python --no-deps --no-build-isolation -e .
}

install_with_pip() {
    .venv/bin/python -m ensurepip >/dev/null &&
        .venv/bin/python -m pip install -qq --no-cache-dir --no-input --no-compile --require-hashes \
            --only-binary :all: -r .venv/wanted.txt &&
        .venv/bin/python -m pip install -qq --no-cache-dir --no-input --no-compile --no-deps \
            --no-build-isolation -e .
}

# Runs in a subshell that holds .venv.lock: the directory and the environment are its own.
build() {
    cd "$here"
    basic='import sys, fcntl, sqlite3, ssl, venv; assert sys.version_info >= (3, 11)'
    installer=pip
    if uv --version >/dev/null 2>&1 && python=$(find_python "$basic"); then
        installer=uv
    elif ! python=$(find_python "$basic; import ensurepip"); then
        say 'no usable Python found: it must be 3.11 or newer, with its venv and ensurepip modules.' \
            'On Debian and Ubuntu: apt-get install python3-venv'
        return 1
    fi
    # The lock is of the open file, so it lasts until this subshell ends, however it ends.
    "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
    if ready "$1"; then
        return
    fi
    say 'setting up .venv (once, and again when requirements.lock changes)'

    if [ ! -f .venv/ready.run ] || [ "$(head -n 1 .venv/ready.run)" != "$here" ] ||
        ! .venv/bin/python -c "$basic" 2>/dev/null; then
        rm -rf .venv
        "$python" -m venv --without-pip .venv
    fi
    rm -f .venv/ready.run .venv/ready.test
    mkdir -p .venv/tmp
    export TMPDIR="$here/.venv/tmp" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_USER=0
    export UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS-1}"
    wanted "$1" >.venv/wanted.txt
    if [ "$installer" = uv ] && ! install_with_uv; then
        say 'uv could not install; trying pip'
        installer=pip
    fi
    if [ "$installer" = pip ] && ! install_with_pip; then
        say 'the set-up failed; it starts afresh next time'
        return 1
    fi
    rm -rf .venv/tmp .venv/wanted.txt

    # Written last, each in one step: a file that is there is true.
    if [ "$1" = test ]; then
        stamp >.venv/ready.new
        mv .venv/ready.new .venv/ready.test
    fi
    stamp >.venv/ready.new
    mv .venv/ready.new .venv/ready.run
}

set_up() {
    if ! ready "$1"; then
        (build "$1") 9>"$here/.venv.lock" || exit 1
    fi
}
