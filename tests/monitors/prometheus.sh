#!/bin/sh
# Debian's Prometheus scrapes two exporters, each of which has its half of the inventory by
# hashmod, through file_sd made by `generate prometheus-sd`; nginx with TLS and a password stands
# in front of one of them, as docs/serve.md has it. Fails when a target is not up, is scraped by
# both, or lacks its cause.
#
#     sh benches/loopback.sh sh tests/monitors/prometheus.sh [BINARY]
set -eu
binary=${1:-target/debug/aoai-probe}
{
    printf '[defaults]\nca_file = "%s/root.pem"\ninterval = "2s"\nlabels = { team = "ai" }\n' "$LAB"
    for number in 1 2 3 4 5 6 7; do
        printf '[[target]]\ntarget = "myacct"\nname = "account-%s"\n' "$number"
    done
    printf '[[target]]\ntarget = "nosuch"\nname = "gone"\n'
} >"$LAB/targets.toml"
"$binary" generate prometheus-sd --config "$LAB/targets.toml" >"$LAB/targets.json"
cat >"$LAB/prometheus.yml" <<CONF
scrape_configs:
  - job_name: aoai-probe-0
    metrics_path: /probe
    file_sd_configs: [{ files: [$LAB/targets.json] }]
    relabel_configs:
      - { source_labels: [__address__], modulus: 2, target_label: __tmp_shard, action: hashmod }
      - { source_labels: [__tmp_shard], regex: "0", action: keep }
      - { source_labels: [__param_target], target_label: instance }
      - { target_label: __address__, replacement: "127.0.0.1:9715" }
  - job_name: aoai-probe-1
    metrics_path: /probe
    scheme: https
    basic_auth: { username: prometheus, password: lab-password }
    tls_config: { ca_file: $LAB/root.pem, server_name: monitor.openai.azure.com }
    file_sd_configs: [{ files: [$LAB/targets.json] }]
    relabel_configs:
      - { source_labels: [__address__], modulus: 2, target_label: __tmp_shard, action: hashmod }
      - { source_labels: [__tmp_shard], regex: "1", action: keep }
      - { source_labels: [__param_target], target_label: instance }
      - { target_label: __address__, replacement: "127.0.0.1:9443" }
CONF
promtool check config "$LAB/prometheus.yml"
printf 'prometheus:%s\n' "$(openssl passwd -apr1 lab-password)" >"$LAB/users"
mkdir -p "$LAB/front"
cat >"$LAB/front.conf" <<CONF
user root;
daemon off;
pid $LAB/front.pid;
error_log stderr crit;
events {}
http {
  access_log off;
  client_body_temp_path $LAB/front/body;
  proxy_temp_path $LAB/front/proxy;
  fastcgi_temp_path $LAB/front/fastcgi;
  uwsgi_temp_path $LAB/front/uwsgi;
  scgi_temp_path $LAB/front/scgi;
  server {
    listen 127.0.0.1:9443 ssl;
    ssl_certificate $LAB/chain.pem;
    ssl_certificate_key $LAB/leaf.key;
    auth_basic aoai-probe;
    auth_basic_user_file $LAB/users;
    location / {
      proxy_pass http://127.0.0.1:9716;
      proxy_read_timeout 60s;
    }
  }
}
CONF
nginx -p "$LAB/front" -e stderr -c "$LAB/front.conf" &
for port in 9715 9716; do
    AZURE_OPENAI_API_KEY=canary-key "$binary" serve --config "$LAB/targets.toml" \
        --listen 127.0.0.1:$port 2>"$LAB/$port.log" &
done
prometheus --config.file="$LAB/prometheus.yml" --storage.tsdb.path="$LAB/tsdb" \
    --web.listen-address=127.0.0.1:9090 >"$LAB/prometheus.log" 2>&1 &
ask() {
    curl -s --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query |
        python3 -c 'import json,sys
try: print(" ".join(sorted(r["metric"].get("instance","")+"="+r["value"][1] for r in json.load(sys.stdin)["data"]["result"])))
except Exception: print()'
}
wanted='account-1=1 account-2=1 account-3=1 account-4=1 account-5=1 account-6=1 account-7=1 gone=0'
tries=0
until [ "$(ask 'probe_success{team="ai"}')" = "$wanted" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ]; then
        ask 'probe_success{team="ai"}' >&2
        tail -n 5 "$LAB/prometheus.log" "$LAB"/971*.log >&2
        exit 1
    fi
    sleep 0.1
done
shards=$(ask 'count by (instance) (probe_success) > 1')
cause=$(ask 'aoai_probe_finding_info{role="cause",finding="dns-name-not-found"}')
jobs=$(curl -s --data-urlencode 'query=count(count by (job) (probe_success))' \
    http://127.0.0.1:9090/api/v1/query | sed 's/.*,"\([0-9]*\)".*/\1/')
[ -z "$shards" ] && [ "$cause" = gone=1 ] && [ "$jobs" = 2 ] || {
    echo "twice: '$shards', cause: '$cause', shards: '$jobs'" >&2
    exit 1
}
# Without the password nobody gets in, and nothing secret is in what is scraped.
[ "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$LAB/root.pem" \
    --resolve monitor.openai.azure.com:9443:127.0.0.1 \
    'https://monitor.openai.azure.com:9443/probe?target=gone')" = 401 ]
if curl -s 'http://127.0.0.1:9715/probe?target=account-1&debug=true' | grep canary; then
    exit 1
fi
for port in 9715 9716; do curl -s http://127.0.0.1:$port/metrics | promtool check metrics; done
curl -s 'http://127.0.0.1:9715/probe?target=gone' | promtool check metrics
echo 'Prometheus: 8 targets over two exporters, one behind nginx'
