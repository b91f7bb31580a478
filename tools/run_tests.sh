# run_tests.sh PYTHON [PYTEST_OPTIONS]: a lane of tests.
#   The tests drive real processes, sound servers, screens and machines. Where one fails, it is run once more, alone: what
#   fails again has failed; what does not was late on a busy machine, and stays named in the output of the first run. A
#   lane whose process is killed is run once more as a whole.
set -u
python=$1
shift
# Of the environment's own: others may be at work.
set -- -o "cache_dir=.pytest_cache/$(basename "${python%/bin/python}")" "$@"

"$python" -m pytest --cache-clear "$@"
status=$?
if [ $status -eq 1 ]; then
    echo "--- the failed tests once more ---" >&2
    "$python" -m pytest --last-failed --last-failed-no-failures=none "$@"
    status=$?
elif [ $status -gt 128 ]; then
    echo "--- killed by signal $((status - 128)); once more ---" >&2
    "$python" -m pytest "$@"
    status=$?
fi
exit $status
