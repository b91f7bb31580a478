# Print a CPython 3.7 that really runs: from PATH or pyenv (whose shims exist even where they cannot run). Else nothing.
for candidate in python3.7 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.7.*/bin/python3.7; do
    if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info[:2] != (3, 7))' 2>/dev/null; then
        echo "$candidate"
        exit 0
    fi
done
