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
    printf 'local-data: "%s.openai.azure.com. CNAME %s.%s."\n' "$name" "$name" "$zone"
    printf 'local-data: "%s.%s. A %s"\n' "$name" "$zone" "$address"
done >records.conf
# unbound finds a name among many; it follows an alias only into what it looks up itself, so that
# the private zone is a server of its own.
cat >zone.conf <<CONF
server:
  interface: 10.3.0.12
  port: 5353
  access-control: 10.0.0.0/8 allow
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  local-zone: "$zone." static
CONF
grep ' A ' records.conf >>zone.conf
cat >resolver.conf <<CONF
server:
  interface: 10.3.0.11
  access-control: 10.0.0.0/8 allow
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  num-queries-per-thread: 4096
  local-zone: "$zone." nodefault
  local-zone: "openai.azure.com." typetransparent
CONF
grep ' CNAME ' records.conf >>resolver.conf
printf 'stub-zone:\n  name: "%s"\n  stub-addr: 10.3.0.12@5353\n' "$zone" >>resolver.conf
ip address add 10.3.0.11/32 dev lo
ip address add 10.3.0.12/32 dev lo
unbound -c zone.conf 2>zone.log &
unbound -c resolver.conf 2>resolver.log &
printf 'nameserver 10.3.0.11\n' >resolv.conf
tries=0
until [ "$(dig +short +time=1 +tries=1 a00001.openai.azure.com @10.3.0.11 | wc -l)" = 2 ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        cat zone.log resolver.log >&2
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
