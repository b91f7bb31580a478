#!/bin/sh
# install.sh: install this bundle, without network, as the newest release of the appliance; or go back to the one before.
#
#   sudo sh install.sh --profile kiosk|classroom|headless    first installation, or another profile
#   sudo sh install.sh                                       upgrade: profile, settings, jobs and videos stay
#   sudo sh install.sh --rollback                            back to the release before
#
# --python PYTHON  the interpreter to use; it must be of the version the bundle was made for
# --root DIR       everything below DIR, nothing started: to try it out. To fill an image, run this in a chroot of it,
#                  because a virtual environment works only where it was made.
set -eu
umask 022

fail() { # fail WHAT WHAT_TO_DO
    echo "$1" >&2
    echo "$2" >&2
    exit 7
}

usage() {
    sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p;}' "$0"
}

bundle=$(cd "$(dirname "$0")" && pwd)
profile='' root='' python='' rollback=''
while [ $# -gt 0 ]; do
    case $1 in
        --profile | --root | --python)
            if [ $# -lt 2 ]; then fail "$1 needs a value." "See install.sh --help."; fi
            case $1 in
                --profile) profile=$2 ;;
                --root) root=$2 ;;
                --python) python=$2 ;;
            esac
            shift
            ;;
        --rollback) rollback=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail "There is no option $1." "See install.sh --help." ;;
    esac
    shift
done

case $profile in
    '' | kiosk | classroom | headless) ;;
    *) fail "There is no profile $profile." "Choose kiosk, classroom or headless." ;;
esac
if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then
    fail "Only root can install the appliance: nothing was changed." "Run: sudo sh $0 (and the same options)"
fi
if [ -n "$root" ]; then root=$(mkdir -p "$root" && cd "$root" && pwd -P); fi
program=$root/opt/sonic-appliance

if [ -n "$rollback" ]; then
    # The release to go back to does it, because the present one may not even start.
    if ! [ -x "$program/previous/bin/appliance" ]; then
        fail "There is no release before this one to go back to." "Install the bundle of an earlier version instead."
    fi
    exec "$program/previous/bin/appliance" install ${root:+--root "$root"}
fi
if [ -z "$profile" ] && ! [ -e "$program/installation.json" ]; then
    fail "The first installation needs a profile: nothing was changed." "Add --profile kiosk, classroom or headless."
fi

# --- the bundle is whole ----------------------------------------------------------------------------------------------

cd "$bundle"
if ! sha256sum --strict --quiet --check SHA256SUMS >&2; then
    fail "The bundle is damaged: nothing was changed." "Copy it here again and compare the hash of the whole file."
fi
listed=$(sed 's/^[0-9a-f]*  //' SHA256SUMS | LC_ALL=C sort)
present=$(find . -type f ! -name SHA256SUMS | sed 's:^\./::' | LC_ALL=C sort)
if [ "$listed" != "$present" ]; then
    fail "The bundle holds files that do not belong to it: nothing was changed." "Unpack it again into an empty folder."
fi

# --- the interpreter fits ---------------------------------------------------------------------------------------------

version='' python_version='' machine='' extras=''
. ./bundle.conf

fits() { # fits PYTHON
    "$1" -c 'import platform, sys, venv
found = "%d.%d" % sys.version_info[:2], platform.machine(), platform.python_implementation()
sys.exit(found != (sys.argv[1], sys.argv[2], "CPython"))' "$python_version" "$machine" 2>/dev/null
}

if [ -z "$python" ]; then
    # The vendor's instructions put the board's Python 3.7 below /usr/local.
    for candidate in "python$python_version" python3 "/usr/local/python$python_version"*"/bin/python$python_version"; do
        if fits "$candidate"; then
            python=$candidate
            break
        fi
    done
fi
if [ -z "$python" ] || ! fits "$python"; then
    fail "This bundle needs CPython $python_version with its module venv, on $machine; ${python:-none of the usual ones} is not that." \
        "Install it (Debian and Ubuntu: python$python_version and python$python_version-venv), or name one with --python."
fi
home=$("$python" -c 'import os, sys; print(os.path.realpath(sys.base_prefix))')
case $home/ in
    /home/* | /root/*)
        if [ -z "$root" ]; then
            fail "$python lies in $home, where services see nothing." "Use one in /usr, /usr/local or /opt: --python."
        fi
        ;;
esac

# --- a new release, beside the others ---------------------------------------------------------------------------------

name=$version-$(sha256sum SHA256SUMS | cut -c 1-8)
release=$program/releases/$name
if ! [ -e "$release/complete" ]; then
    echo "Installing release $name; this takes a minute or several."
    trap 'rm -rf "$release"; rmdir "$program/releases" "$program" 2>/dev/null || :' EXIT
    trap 'exit 130' INT TERM HUP
    rm -rf "$release"
    mkdir -p "$program/releases"
    # Without its own pip, which Debian and Ubuntu keep in a separate package: the bundle's is used.
    "$python" -m venv --without-pip "$release"
    # Nothing but this folder decides what is installed: no variable, no configuration file, no index.
    if ! PIP_CONFIG_FILE=/dev/null "$release/bin/python" -I "$(echo wheels/pip-*.whl)/pip" --isolated --quiet --no-input \
        --disable-pip-version-check --no-cache-dir install --no-index --find-links wheels \
        "sonic-appliance[$extras]==$version"; then
        fail "The packages could not be installed; the system is as before." \
            "Check the free space in $program, and whether this system is as new as the one the bundle was made on."
    fi
    cp -R models "$release/models"
    if ! SONIC_MODELS="$release/models" "$release/bin/appliance" doctor >"$release/doctor.txt" 2>&1; then
        cat "$release/doctor.txt" >&2
        fail "This release cannot work here; the system is as before." "See above what it lacks."
    fi
    chmod -R a+rX "$release"
    : >"$release/complete"
    sync
    trap - EXIT INT TERM HUP
fi
exec "$release/bin/appliance" install ${profile:+--profile "$profile"} ${root:+--root "$root"}
