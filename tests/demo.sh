#!/bin/sh
# Shows the program without Azure, root or network: an Azure in miniature on loopback.
# On a fresh Debian 12 it first installs what is missing: a C toolchain and Rust.
set -eu
cd "$(dirname "$0")/.."

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

missing=""
command -v cc >/dev/null 2>&1 || missing="$missing gcc"
[ -e /usr/include/stdlib.h ] || missing="$missing libc6-dev"
# Cargo fetches the crates over TLS.
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"
if ! command -v cargo >/dev/null 2>&1 && [ ! -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    command -v curl >/dev/null 2>&1 || missing="$missing curl"
fi
if [ -n "$missing" ]; then
    as_root apt-get update
    # shellcheck disable=SC2086  # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
fi

PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
if ! command -v cargo >/dev/null 2>&1; then
    # Debian 12's own cargo is older than the rust-version of Cargo.toml.
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal
fi

# The first build takes a few minutes.
exec cargo run --locked --example lab -- "$@"
