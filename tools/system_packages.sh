# system_packages.sh [boot]: what the tests use beside Python, installed where that is allowed.
#   ffmpeg with ffprobe; imageio-ffmpeg's copy does else.
#   systemd-nspawn and debootstrap, for the boot in a container, which is skipped without them.
#   With "boot" also QEMU and e2fsprogs, for `make boot-test`, which needs them.
set -u

missing() {
    for program in "$@"; do
        command -v "$program" >/dev/null || PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || return 0
    done
    return 1
}

packages=
if missing ffmpeg ffprobe; then packages="$packages ffmpeg"; fi
if missing systemd-nspawn systemd-analyze; then packages="$packages systemd systemd-container"; fi
if missing debootstrap; then packages="$packages debootstrap debian-archive-keyring"; fi
if [ "${1-}" = boot ] && missing qemu-system-x86_64 mke2fs debugfs; then
    packages="$packages qemu-system-x86 e2fsprogs"
fi
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q
    # One by one: what can be had is better than nothing.
    for package in $packages; do
        DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$package" ||
            echo "$package could not be installed; going on without." >&2
    done
else
    echo "Not installed, and only root can: sudo apt-get install$packages" >&2
    echo "Going on without: ffmpeg is then that of imageio-ffmpeg, and the checks that need the others are skipped." >&2
fi
