#!/bin/sh
# Processor time of a full walk (dns, tcp, tls, http) in a process that makes many of them, no
# TLS session resumed, against nginx and dnsmasq in processes of their own; and of the least that a
# client can do (one A and one AAAA question, one handshake by rustls alone, one request) in the
# same run. Bars: 1.5 ms, and 1.6 times the least.
#
#     sh benches/walks.sh [WALKS [walk | floor]]
set -eu
cd "$(dirname "$0")/.."
program=$(cargo bench --bench walks --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\))/\1/p')
AZURE_OPENAI_API_KEY=canary-key exec sh benches/loopback.sh "$PWD/$program" "${1:-1000}" ${2:+"$2"}
