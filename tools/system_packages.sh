# system_packages.sh [boot]: what the tests use beside Python, installed where that is allowed.
#   ffmpeg with ffprobe; imageio-ffmpeg's copy does else.
#   systemd-nspawn and debootstrap, for the boot in a container, which is skipped without them.
#   PortAudio's headers, from which PyAudio is built, and a sound server to record from and play to.
#   What Qt needs, a screen without a monitor, and a Chinese font.
#   mkfs.vfat, for USB sticks.
#   With "boot" also QEMU, e2fsprogs and mtools, for `make boot-test`, which needs them.
set -u

missing() {
    for program in "$@"; do
        command -v "$program" >/dev/null || PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || return 0
    done
    return 1
}

# Libraries and fonts show only in the package list.
lacking() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || echo "$package"
    done
}

packages=
if missing ffmpeg ffprobe; then packages="$packages ffmpeg"; fi
if missing systemd-nspawn systemd-analyze; then packages="$packages systemd systemd-container"; fi
if missing debootstrap; then packages="$packages debootstrap debian-archive-keyring"; fi
if missing mkfs.vfat; then packages="$packages dosfstools"; fi
if command -v dpkg-query >/dev/null; then
    packages="$packages $(lacking portaudio19-dev pulseaudio pulseaudio-utils libasound2-plugins alsa-utils \
        libgl1 libegl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 \
        libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-sync1 libxcb-xfixes0 libxcb-xinerama0 \
        libxcb-xkb1 xvfb xauth xdotool x11-utils fonts-wqy-zenhei fonts-noto-core | tr '\n' ' ')"
fi
if [ "${1-}" = boot ] && missing qemu-system-x86_64 mke2fs debugfs mcopy; then
    packages="$packages qemu-system-x86 e2fsprogs mtools"
fi
packages=$(echo $packages)
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q
    # All at once is quicker; else one by one: what can be had is better than nothing.
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -qy --no-install-recommends $packages || for package in $packages; do
        apt-get install -qy --no-install-recommends "$package" ||
            echo "$package could not be installed; going on without." >&2
    done
else
    echo "Not installed, and only root can: sudo apt-get install $packages" >&2
    echo "Going on without: ffmpeg is then that of imageio-ffmpeg, and the checks that need the others are skipped." >&2
fi
