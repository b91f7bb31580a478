# add_front_ends.sh FOLDER: into a virtual environment, what screen, microphone and buttons need.
#   PyAudio is built here, from PortAudio's headers (portaudio19-dev) by a compiler; where those are missing it stays out,
#   and what records and plays is skipped by the tests.
set -eu
pip="$1/bin/python -m pip install --quiet --disable-pip-version-check"

# setuptools warns that an editable install is an editable install.
export PYTHONWARNINGS=ignore
$pip --editable ".[kiosk,buttons,test_kiosk]"
$pip --editable ".[microphone]" 2>/dev/null ||
    echo "PyAudio could not be built (portaudio19-dev and a compiler are needed); going on without." >&2
