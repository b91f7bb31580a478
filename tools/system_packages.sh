# What the tests use beside Python: ffmpeg with ffprobe. Installed where that is allowed; imageio-ffmpeg's copy does else.
if command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends ffmpeg && exit 0
    echo "ffmpeg could not be installed; going on with the one of imageio-ffmpeg." >&2
else
    echo "ffmpeg and ffprobe are not installed, and only root can: sudo apt-get install ffmpeg" >&2
    echo "Going on with the ffmpeg of imageio-ffmpeg; checks that need ffprobe are skipped." >&2
fi
