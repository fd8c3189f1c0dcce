#!/bin/sh
# What one walk costs, against its bars, with curl and openssl beside it in the same run:
# time over a link of 40 ms round trip, processor time and memory on loopback. Needs what
# .ci/packages installs; no root. Exits with 1 when a bar is passed.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${AOAI_PROBE_BINARY:-}" ]; then
    cargo build --quiet --release --bin aoai-probe
    AOAI_PROBE_BINARY=$PWD/target/release/aoai-probe
    export AOAI_PROBE_BINARY
fi
exec cargo test --quiet --test netns -- --measure
