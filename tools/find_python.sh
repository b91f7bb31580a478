# find_python.sh VERSION...: print a CPython of the first of these versions (as 3.11) that really runs, from PATH or pyenv
# (whose shims exist even where they cannot run). Else nothing.
for version in "$@"; do
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/"python$version"; do
        if "$candidate" -c 'import sys, venv; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' "$version" 2>/dev/null; then
            echo "$candidate"
            exit 0
        fi
    done
done
