#!/usr/bin/env bash
# The program for Windows: built with warnings denied, and run under wine in the kernel lab, over the
# worlds of tests/windows/worlds.txt. Not part of tests/run.sh: it installs a second compiler, and
# compiles Rust's library.
#
# wine is not Windows. What it lacks is said in docs/platforms.md.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

sh .ci/packages
packages='cargo-web gcc-mingw-w64-x86-64-posix nasm rust-web-src rustc-web wine wine64'
# shellcheck disable=SC2086 # a list of words
if ! dpkg-query -W $packages >/dev/null 2>&1; then
    sudo=''
    [ "$(id -u)" -eq 0 ] || sudo='sudo -n'
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 install $packages >/dev/null
fi

echo '== the program for Windows, warnings denied'
target=x86_64-pc-windows-gnu
mingw=x86_64-w64-mingw32
built=$PWD/target/windows
env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$built" \
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=$mingw-gcc-posix \
    CC_x86_64_pc_windows_gnu=$mingw-gcc-posix AR_x86_64_pc_windows_gnu=$mingw-ar \
    /usr/bin/cargo build --locked --bins --target $target -Z build-std=std,panic_unwind \
    -Z warnings --config 'build.warnings="deny"'

echo '== under wine'
AOAI_PROBE_WINE=$(mktemp -d)
export AOAI_PROBE_WINE
trap 'rm -rf "$AOAI_PROBE_WINE"' EXIT
cp "$built/$target/debug/aoai-probe.exe" "$AOAI_PROBE_WINE/"
# wine 8 has no ProcessPrng.
$mingw-gcc-posix -O2 -shared -o "$AOAI_PROBE_WINE/bcryptprimitives.dll" \
    tests/packaging/processprng.c -ladvapi32
WINEDEBUG=-all WINEPREFIX=$AOAI_PROBE_WINE/prefix WINEDLLOVERRIDES='mscoree=;mshtml=' wineboot --init
WINEPREFIX=$AOAI_PROBE_WINE/prefix wineserver -w
tests/windows/program --version

echo '== in the kernel lab'
export AOAI_PROBE_BINARY=$PWD/tests/windows/program
export AOAI_PROBE_WORLDS=$AOAI_PROBE_WINE/worlds
mkdir "$AOAI_PROBE_WORLDS"
grep -v -e '^#' -e '^$' tests/windows/worlds.txt |
    while read -r world; do cp "tests/netns/worlds/$world.toml" "$AOAI_PROBE_WORLDS/"; done
cargo test --locked --test netns -- --skip clients-read --skip monitors-ask --skip parity \
    --skip the-watch-sees
