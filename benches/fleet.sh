#!/bin/sh
# One round over many targets, `check --config`, beside nginx and dnsmasq in processes of their
# own (see loopback.sh): peak memory, processor time a target, and the time that a round lasts when
# some of the targets are silent.
#
#     sh benches/fleet.sh [TARGETS [SILENT]]     1000 targets, none silent
set -eu
cd "$(dirname "$0")/.."
if [ "${AOAI_LOOPBACK:-}" != inside ]; then
    cargo build --release --quiet
    AOAI_PROBE_BINARY=${AOAI_PROBE_BINARY:-$PWD/target/release/aoai-probe}
    export AOAI_PROBE_BINARY AZURE_OPENAI_API_KEY=canary-key
    exec sh benches/loopback.sh sh "$0" "$@"
fi
targets=${1:-1000}
silent=${2:-0}
cd "$LAB"
# A host that takes no notice of a SYN.
ip address add 10.3.0.66/32 dev lo
iptables -A INPUT -d 10.3.0.66 -p tcp -j DROP
zone=privatelink.openai.azure.com
number=0
{
    printf '[defaults]\nca_file = "%s/root.pem"\ntimeout = "%s"\n' "$LAB" "${TIMEOUT:-2s}"
    while [ "$number" -lt "$targets" ]; do
        number=$((number + 1))
        printf '[[target]]\ntarget = "a%05d"\n' "$number"
    done
} >fleet.toml
number=0
while [ "$number" -lt "$targets" ]; do
    number=$((number + 1))
    address=10.3.0.5
    [ "$number" -gt "$silent" ] || address=10.3.0.66
    name=$(printf 'a%05d' "$number")
    printf 'cname=%s.openai.azure.com,%s.%s\nhost-record=%s.%s,%s\n' \
        "$name" "$name" "$zone" "$name" "$zone" "$address"
done >records.conf
ip address add 10.3.0.11/32 dev lo
dnsmasq -d --conf-file=records.conf --no-hosts --no-resolv --listen-address=10.3.0.11 \
    --bind-interfaces --user= --group= --local=/openai.azure.com/ --cache-size=10000 \
    --dns-forward-max=20000 >fleet.log 2>&1 &
printf 'nameserver 10.3.0.11\n' >resolv.conf
tries=0
until [ "$(dig +short +time=1 +tries=1 a00001.openai.azure.com @10.3.0.11 | wc -l)" = 2 ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        cat fleet.log >&2
        exit 1
    fi
    sleep 0.05
done
ulimit -n "$(ulimit -Hn)"
status=0
/usr/bin/time -f '%e s, %U s user, %S s system, %M KiB at most' \
    "$AOAI_PROBE_BINARY" check --config fleet.toml >out.txt 2>time.txt || status=$?
head -n 1 out.txt
grep -v '^Command exited' time.txt
awk -v targets="$targets" '/ s user/ { printf "%.3f ms processor time a target\n", ($3 + $5) * 1000 / targets }' time.txt
echo "exit status $status"
