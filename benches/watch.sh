#!/bin/sh
# Endurance of `watch` at full speed, beside nginx and dnsmasq in processes of their own (see
# loopback.sh): targets whose path works, as many whose path breaks and mends all the time, a
# webhook and a heartbeat. Memory, open files and threads of the process are looked at every
# second; they and the history's file must not grow.
#
#     sh benches/watch.sh [WALKS [TARGETS]]     100000 walks of 100 targets
#
# Exit status 1 when something grew from the second fifth of the samples to the last one: the median
# of the memory by more than 10 % and 1 MiB, or the fewest files or threads (with the fewest walks
# under way) by any; or when the history was above its bound.
set -eu
cd "$(dirname "$0")/.."
if [ "${AOAI_LOOPBACK:-}" != inside ]; then
    if [ -z "${AOAI_PROBE_BINARY:-}" ]; then
        cargo build --release --quiet
        AOAI_PROBE_BINARY=$PWD/target/release/aoai-probe
    fi
    export AOAI_PROBE_BINARY AZURE_OPENAI_API_KEY=canary-key
    exec sh benches/loopback.sh sh "$0" "$@"
fi
walks=${1:-100000}
targets=${2:-100}
megabytes=8
cd "$LAB"

# What breaks and mends: the service once more, behind a firewall that refuses every few seconds.
ip address add 10.3.0.6/32 dev lo
ip address add 10.3.0.11/32 dev lo
iptables -t nat -A OUTPUT -d 10.3.0.6 -p tcp --dport 443 -j DNAT --to-destination 10.3.0.5:443
zone=privatelink.openai.azure.com
for name in good flaps; do
    [ "$name" = good ] && address=10.3.0.5 || address=10.3.0.6
    printf 'cname=%s.openai.azure.com,%s.%s\nhost-record=%s.%s,%s\n' \
        "$name" "$name" "$zone" "$name" "$zone" "$address"
done >records.conf
dnsmasq -d --conf-file=records.conf --no-hosts --no-resolv --listen-address=10.3.0.11 \
    --bind-interfaces --user= --group= --local=/openai.azure.com/ --cache-size=10000 \
    --dns-forward-max=20000 >watch-dns.log 2>&1 &
printf 'nameserver 10.3.0.11\n' >resolv.conf
tries=0
until [ "$(dig +short +time=1 +tries=1 flaps.openai.azure.com @10.3.0.11 | wc -l)" = 2 ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        cat watch-dns.log >&2
        exit 1
    fi
    sleep 0.05
done
(
    while :; do
        sleep 4
        iptables -I OUTPUT -d 10.3.0.5 -p tcp -m conntrack --ctorigdst 10.3.0.6 \
            -m conntrack --ctstate NEW -j REJECT --reject-with tcp-reset
        sleep 4
        iptables -D OUTPUT 1
    done
) &

# Takes every call, and counts them.
cat >receiver.py <<'PYTHON'
import http.server

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with open("calls", "a") as calls:
            calls.write(self.path + " %d\n" % len(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Receiver).serve_forever()
PYTHON
: >calls
python3 receiver.py &

{
    printf '[defaults]\nca_file = "%s/root.pem"\ntimeout = "2s"\ninterval = "1s"\n' "$LAB"
    printf '[watch]\nconfirm = { walks = 2, bad = 2 }\ngood_again = 2\n'
    printf 'unstable = { changes = 1000, within = "1h" }\n'
    printf 'webhook = { url_variable = "HOOK" }\n'
    printf 'heartbeat = { file = "%s/beat.prom", url_variable = "BEAT", every = "1s" }\n' "$LAB"
    printf 'history = { keep_megabytes = %d }\n' "$megabytes"
    number=0
    while [ "$number" -lt "$targets" ]; do
        number=$((number + 1))
        [ $((number % 2)) = 0 ] && target=good || target=flaps
        printf '[[target]]\ntarget = "%s"\nname = "t%05d"\n' "$target" "$number"
    done
} >watched.toml
ulimit -n "$(ulimit -Hn)"
HOOK=http://127.0.0.1:8080/notice BEAT=http://127.0.0.1:8080/beat \
    "$AOAI_PROBE_BINARY" watch --config watched.toml --history history.db >said.txt 2>&1 &
watch=$!

made() { awk '$1 == "aoai_probe_watch_walks_total" { print $2 }' beat.prom 2>/dev/null; }
size() { find . -maxdepth 1 -name 'history.db*' -printf '%s\n' | awk '{ s += $1 } END { print s + 0 }'; }
begun=$(date +%s)
while :; do
    sleep 1
    if ! kill -0 "$watch" 2>/dev/null; then
        cat said.txt >&2
        exit 1
    fi
    done=$(made)
    [ -n "$done" ] || continue
    awk -v walks="$done" -v files="$(find "/proc/$watch/fd" | wc -l)" -v size="$(size)" '
        $1 == "VmRSS:" { rss = $2 }
        $1 == "Threads:" { threads = $2 }
        END { print walks, rss, files, threads, size }' "/proc/$watch/status" >>samples.txt
    [ "$done" -lt "$walks" ] || break
done
seconds=$(($(date +%s) - begun))
ended=$(date +%s%N)
kill -TERM "$watch"
status=0
wait "$watch" || status=$?
ended=$((($(date +%s%N) - ended) / 1000000))

"$AOAI_PROBE_BINARY" history --history history.db | tail -n 1
awk -v seconds="$seconds" -v ended="$ended" -v status="$status" '
    END { printf "%d walks in %d s; ended with status %d after %d ms\n", $1, seconds, status, ended }
' samples.txt
printf 'integrity: %s; notices: %s, heartbeats: %s\n' "$(sqlite3 history.db 'PRAGMA integrity_check')" \
    "$(grep -c '^/notice' calls)" "$(grep -c '^/beat' calls)"
awk -v bound=$((megabytes * 1048576)) -v status="$status" '
    { for (i = 1; i <= 5; i++) at[NR, i] = $i; if ($5 > largest) largest = $5 }
    function median(field, from, to,    n, i, j, x, list) {
        n = 0
        for (i = from; i <= to; i++) list[++n] = at[i, field]
        for (i = 2; i <= n; i++) {
            x = list[i]
            for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
            list[j + 1] = x
        }
        return list[int((n + 1) / 2)]
    }
    function row(name, n) {
        printf "%-6s %8d walks  RSS %6d KiB  files %4d  threads %3d  history %8d octets\n",
            name, at[n, 1], at[n, 2], at[n, 3], at[n, 4], at[n, 5]
    }
    function fewest(field, from, to,    i, least) {
        least = at[from, field]
        for (i = from; i <= to; i++) if (at[i, field] < least) least = at[i, field]
        return least
    }
    function flat(name, before, after, most) {
        printf "%s: %d, then %d\n", name, before, after
        if (after > most) { print name " grew"; bad = 1 }
    }
    END {
        row("first", 1); row("middle", int((NR + 1) / 2)); row("last", NR)
        if (NR < 10) { print "too few samples to judge by"; exit status != 0 }
        second = int(NR / 5) + 1; third = int(NR * 2 / 5); last = int(NR * 4 / 5) + 1
        before = median(2, second, third)
        flat("RSS in KiB", before, median(2, last, NR), before * 1.1 + 1024)
        for (field = 3; field <= 4; field++) {
            before = fewest(field, second, third)
            flat(field == 3 ? "files" : "threads", before, fewest(field, last, NR), before)
        }
        printf "history: %d octets at most, bound %d\n", largest, bound
        if (largest > bound) { print "the history is above its bound"; bad = 1 }
        exit bad || status != 0
    }' samples.txt
