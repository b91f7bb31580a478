# make_venv.sh PYTHON FOLDER EXTRAS: a virtual environment with this package, editable, and its extras.
set -eu
python=$1 folder=$2 extras=$3

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 7))' || {
    echo "Python 3.7 or newer is needed; name one with: make PYTHON=/path/to/python3" >&2
    exit 1
}
if ! [ -x "$folder/bin/python" ] || ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    # Debian and Ubuntu keep a part of `venv` in a package of its own.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3-venv
        else
            echo "This Python has no ensurepip. Install python3-venv (sudo apt-get install python3-venv)." >&2
            exit 1
        fi
    fi
    "$python" -m venv --clear "$folder"
fi
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade pip
# setuptools warns that an editable install is an editable install.
PYTHONWARNINGS=ignore "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[$extras]"
