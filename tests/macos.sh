#!/usr/bin/env bash
# The program for macOS: checked by the compiler with warnings denied, for both processors that Macs have.
# Not part of tests/run.sh: it installs a second compiler, and checks Rust's library.
#
# What it does not prove: nothing is linked or run, because Apple's frameworks are to be had on a Mac alone.
# A name of a framework that does not exist would show when a Mac links it. The C parts (the TLS provider,
# SQLite) are not compiled: a stand-in for their compiler writes empty files. What the system hands out is
# read by src/platform/macos/readers, which every system tests with inputs made by hand; the calls that fetch
# it were not seen at work.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

packages='cargo-web rust-web-src rustc-web'
# shellcheck disable=SC2086 # a list of words
if ! dpkg-query -W $packages >/dev/null 2>&1; then
    sudo=''
    [ "$(id -u)" -eq 0 ] || sudo='sudo -n'
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 install $packages >/dev/null
fi

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
# Writes the empty file that it is asked for: a compiler's -o, an archiver's archive.
cat >"$tools/empty" <<'SCRIPT'
#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in
        -o) : >"$2" && shift ;;
        *.a) : >"$1" ;;
    esac
    shift
done
SCRIPT
chmod 755 "$tools/empty"

for target in ${TARGETS:-aarch64-apple-darwin x86_64-apple-darwin}; do
    echo "== the program for $target, warnings denied"
    named=${target//-/_}
    # The folder of the SDK is asked for by scripts that then hand it to the compiler.
    env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 SDKROOT="$tools" \
        CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/macos" \
        "CC_$named=$tools/empty" "CXX_$named=$tools/empty" "AR_$named=$tools/empty" \
        /usr/bin/cargo check --locked --lib --bins --target "$target" \
        -Z build-std=std,panic_unwind -Z warnings --config 'build.warnings="deny"'
done
