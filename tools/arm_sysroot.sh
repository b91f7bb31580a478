# arm_sysroot.sh FOLDER: what `python -m models_om.cost --count FOLDER` runs. For aarch64, and for x86_64 to compare with:
# a Python of the distribution, the packages that the board has, or the nearest to them, and ffmpeg; and the plugin with
# which QEMU counts. An optional tool of developers.
#   Needs Debian 12 on x86_64 with qemu-user and gcc, Python with pip, and a network. No root.
set -eu

folder=${1:?FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
for program in qemu-aarch64 qemu-x86_64 gcc apt-get dpkg-deb; do
    command -v "$program" >/dev/null || { echo "$program is missing (packages: qemu-user gcc)." >&2; exit 1; }
done
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

gcc -O2 -Wall -shared -fPIC -o "$folder/count.so" "$here/count_instructions/plugin.c"

# What CPython 3.7 gets on the board; of numpy and ONNX Runtime, which have no such old ones for this Python, the oldest.
python=3.11
packages="numpy<1.24 opencv-python-headless<5 onnxruntime<1.16 soxr==0.3.7 Pillow==9.5.0 imageio-ffmpeg==0.5.1"

for machine in aarch64 x86_64; do
    root="$folder/$machine"
    [ ! -e "$root/complete" ] || continue
    rm -rf "$root"
    mkdir -p "$root/apt/lists/partial" "$root/apt/archives/partial" "$root/packages"
    architecture=$([ $machine = aarch64 ] && echo arm64 || echo amd64)
    # Its own state: the system's packages and architectures stay as they are.
    cat >"$root/apt/configuration" <<EOF
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
Dir::State "$root/apt";
Dir::State::status "/dev/null";
Dir::Cache "$root/apt";
EOF
    (
        export APT_CONFIG="$root/apt/configuration"
        apt-get update -q
        cd "$root/apt"
        apt-get download -q libc6 libgcc-s1 libstdc++6 zlib1g libexpat1 libffi8 libssl3 libbz2-1.0 liblzma5 libuuid1 \
            libcrypt1 "python$python-minimal" "libpython$python-minimal" "libpython$python-stdlib"
    )
    for package in "$root"/apt/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
    rm -r "$root/apt"
    # pip takes a platform for exactly what it names: the older ones hold for newer systems too.
    python3 -m pip install --quiet --disable-pip-version-check --target "$root/packages" --only-binary=:all: \
        --implementation cp --python-version "$python" --no-deps \
        --platform "manylinux2014_$machine" --platform "manylinux_2_17_$machine" --platform "manylinux_2_27_$machine" \
        --platform "manylinux_2_28_$machine" $packages
    ln -s "packages/imageio_ffmpeg/binaries/$(cd "$root/packages/imageio_ffmpeg/binaries" && ls | grep ffmpeg-)" \
        "$root/ffmpeg"
    touch "$root/complete"
done
echo "$folder"
