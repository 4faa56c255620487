# Provide what is missing to run tox; tools/demo and tools/test read this.

set -eu
cd "$(dirname "$0")/.."
# Debian keeps servers where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin
export PATH
python=${PYTHON:-python3}
tox=.tox/tools/bin/tox

missing=
command -v git >/dev/null || missing="$missing git"
command -v haproxy >/dev/null || missing="$missing haproxy"
command -v mariadbd >/dev/null || missing="$missing mariadb-server"
command -v memcached >/dev/null || missing="$missing memcached"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    missing="$missing python3-venv"

if [ -n "$missing" ]; then
    line="apt-get update && apt-get install -y --no-install-recommends$missing"

    # The nodes run servers of their own: Debian's need not run.
    for server in haproxy mariadb memcached; do
        case "$missing" in *$server*)
            if [ -d /run/systemd/system ]; then
                line="$line && systemctl disable --now $server"
            else
                line="$line && { service $server stop || true; }"
            fi ;;
        esac
    done

    if [ "$(id -u)" = 0 ]; then
        echo "Installing with apt-get:$missing"
        sh -c "$line"
    elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true; }; then
        echo "Installing with sudo and apt-get:$missing"
        sudo sh -c "$line"
    else
        echo "Missing:$missing. Somebody with rights should run, as root:"
        echo "$line"
        exit 1
    fi
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "$python is older than 3.11: set PYTHON to a newer one."
    exit 1
}

if ! "$tox" --version >/dev/null 2>&1; then
    echo "Installing tox into .tox/tools"
    "$python" -m venv --clear .tox/tools
    .tox/tools/bin/python -m pip install --quiet tox tox-uv
fi
