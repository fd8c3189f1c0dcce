#!/usr/bin/env bash
# The program for Windows: built with warnings denied, and run under wine in the kernel lab, over the
# worlds of tests/windows/worlds.txt, and over those of tests/windows/worlds, which are of Windows alone.
# Not part of tests/run.sh: it installs a second compiler, and compiles Rust's library.
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
wine=$(mktemp -d)
trap 'rm -rf "$wine"' EXIT
cp "$built/$target/debug/aoai-probe.exe" tests/windows/program "$wine/"
# wine 8 has no ProcessPrng.
$mingw-gcc-posix -O2 -shared -o "$wine/bcryptprimitives.dll" \
    tests/packaging/processprng.c -ladvapi32
WINEDEBUG=-all WINEPREFIX=$wine/prefix WINEDLLOVERRIDES='mscoree=;mshtml=' wineboot --init
WINEPREFIX=$wine/prefix wineserver -w
"$wine/program" --version

echo '== in the kernel lab'
export AOAI_PROBE_BINARY=$wine/program
export AOAI_PROBE_WORLDS=$wine/worlds
mkdir "$AOAI_PROBE_WORLDS"
cp tests/windows/worlds/*.toml "$AOAI_PROBE_WORLDS/"
grep -v -e '^#' -e '^$' tests/windows/worlds.txt |
    while read -r world; do cp "tests/netns/worlds/$world.toml" "$AOAI_PROBE_WORLDS/"; done
# Left out: trials of Linux clients, of monitors and of the lab's own recording, which run no program for
# Windows or another one besides; and the one that makes every call, which wine does not end within the
# 30 s that a trial has.
cargo test --locked --test netns -- --skip clients-read --skip monitors-ask --skip parity \
    --skip everything-that-an-application-calls --skip the-watch-sees
