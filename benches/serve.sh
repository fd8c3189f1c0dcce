#!/bin/sh
# `serve` beside Debian's blackbox_exporter: the same HTTPS target on loopback, the same resolver,
# in turn, each probe a walk (or probe) of its own: dns, tcp, full TLS handshake with
# verification, http. wrk asks over connections that stay open, round robin over 400 names of one
# target, so that no scrape shares another's walk.
#
# Bars: 3 times its probes a second at 50 connections, p99 at 200 connections no worse than a
# quarter of its, 10 MiB resident when idle, 1.5 ms of processor time a probe.
#
#     sh benches/serve.sh [ROUNDS [SECONDS]]     needs prometheus-blackbox-exporter and wrk
set -eu
cd "$(dirname "$0")/.."
if [ "${AOAI_LOOPBACK:-}" != inside ]; then
    if [ -z "${AOAI_PROBE_BINARY:-}" ]; then
        cargo build --quiet --release --bin aoai-probe
        AOAI_PROBE_BINARY=$PWD/target/release/aoai-probe
        export AOAI_PROBE_BINARY
    fi
    exec sh benches/loopback.sh sh "$0" "$@"
fi
rounds=${1:-5}
seconds=${2:-5}
cat >"$LAB/blackbox.yml" <<CONF
modules:
  aoai:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
      valid_status_codes: [200]
      headers: { api-key: canary-key }
      tls_config: { ca_file: $LAB/root.pem }
CONF
{
    printf '[defaults]\nca_file = "%s/root.pem"\n' "$LAB"
    printf '[serve]\nconcurrency = 200\n'
    for number in $(seq 400); do
        printf '[[target]]\ntarget = "myacct"\nname = "t%s"\n' "$number"
    done
} >"$LAB/targets.toml"
cat >"$LAB/ours.lua" <<'LUA'
local n = 0
request = function() n = n % 400 + 1 return wrk.format("GET", "/probe?target=t" .. n) end
LUA
cat >"$LAB/theirs.lua" <<'LUA'
local path = "/probe?module=aoai&target=https://myacct.openai.azure.com/openai/models"
request = function() return wrk.format("GET", path) end
LUA
cat >"$LAB/count.lua" <<'LUA'
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %.3f %.2f %d\n", summary.requests, summary.duration / 1e6,
    latency:percentile(99) / 1e3, e.status + e.timeout + e.read + e.write + e.connect))
end
LUA
cat "$LAB/count.lua" >>"$LAB/ours.lua"
cat "$LAB/count.lua" >>"$LAB/theirs.lua"

ulimit -n "$(ulimit -Hn)"
AZURE_OPENAI_API_KEY=canary-key "$AOAI_PROBE_BINARY" serve --config "$LAB/targets.toml" \
    2>"$LAB/ours.log" &
ours=$!
prometheus-blackbox-exporter --config.file="$LAB/blackbox.yml" \
    --web.listen-address=127.0.0.1:9115 --log.level=error 2>"$LAB/theirs.log" &
theirs=$!
good() { curl -s "$1" | grep -q '^probe_success 1'; }
tries=0
until good 'http://127.0.0.1:9715/probe?target=t1' &&
    good 'http://127.0.0.1:9115/probe?module=aoai&target=https://myacct.openai.azure.com/'; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat "$LAB"/*.log >&2; exit 1; }
    sleep 0.1
done
ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
resident() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
grep -m 1 'model name' /proc/cpuinfo | sed 's/.*: //'
echo "$(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg), $rounds rounds of $seconds s in turn"
echo "idle, after one probe: serve $(resident $ours) MiB, blackbox_exporter $(resident $theirs) MiB"
measure() { # whose, connections
    case $1 in
    ours) pid=$ours port=9715 ;;
    theirs) pid=$theirs port=9115 ;;
    esac
    before=$(ticks $pid)
    wrk -t 1 -c "$2" -d "${seconds}s" --timeout 10s -s "$LAB/$1.lua" "http://127.0.0.1:$port" |
        sed -n 's/^RESULT //p' >"$LAB/result"
    after=$(ticks $pid)
    awk -v who="$1" -v c="$2" -v ticks="$((after - before))" \
        '{ printf "%s %s %.0f %.2f %.3f %d\n", who, c, $1 / $2, $3, ticks * 10 / $1, $4 }' \
        "$LAB/result" >>"$LAB/all"
}
for _ in $(seq "$rounds"); do
    for connections in 50 200; do
        measure ours $connections
        measure theirs $connections
    done
done
echo 'medians:                     probes/s   p99 ms   CPU ms a probe   errors'
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
for connections in 50 200; do
    for who in ours theirs; do
        column() { awk -v w=$who -v c=$connections -v n="$1" '$1 == w && $2 == c { print $n }' "$LAB/all"; }
        printf '%-10s %3s connections %12s %8s %12s %10s\n' "$who" "$connections" \
            "$(column 3 | median)" "$(column 4 | median)" "$(column 5 | median)" \
            "$(column 6 | awk '{ s += $1 } END { print s }')"
    done
done
echo "after the load: serve $(resident $ours) MiB, blackbox_exporter $(resident $theirs) MiB"
kill -TERM $ours $theirs
wait $ours || true
