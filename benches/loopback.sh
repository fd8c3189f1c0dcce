#!/bin/sh
# Runs a command beside a healthy Azure in miniature that nobody here wrote: nginx answers as the
# service at 10.3.0.5:443, dnsmasq as the resolver that sees the private zone, in a network
# namespace of their own in which every address is this machine's. No root. In the command's
# environment, $LAB is a folder with root.pem (for --ca-file); the target is
# myacct.openai.azure.com, the key canary-key.
#
#     sh benches/loopback.sh COMMAND [ARGUMENT...]
set -eu
if [ "${AOAI_LOOPBACK:-}" != inside ]; then
    LAB=$(mktemp -d)
    export LAB AOAI_LOOPBACK=inside
    status=0
    unshare --map-root-user --net --mount --pid --fork --mount-proc --kill-child \
        sh "$0" "$@" || status=$?
    rm -rf "$LAB"
    exit "$status"
fi
ip link set lo up
# One address serves thousands of connections a second: without this, what is measured after half a
# minute is the kernel's search for a local port that is not in TIME-WAIT.
echo 1000 >/proc/sys/net/ipv4/tcp_max_tw_buckets
echo '1024 65535' >/proc/sys/net/ipv4/ip_local_port_range
ip address add 10.3.0.5/32 dev lo
ip address add 10.3.0.10/32 dev lo
cd "$LAB"
issue() { # name, its subject, extensions, issuer
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
        -out "$1.csr" -subj "$2" 2>/dev/null
    printf '%s\n' "$3" >"$1.ext"
    if [ "$1" = "$4" ]; then
        openssl x509 -req -in "$1.csr" -signkey "$1.key" -days 4000 -extfile "$1.ext" -out "$1.pem"
    else
        openssl x509 -req -in "$1.csr" -CA "$4.pem" -CAkey "$4.key" -CAcreateserial -days 200 \
            -extfile "$1.ext" -out "$1.pem"
    fi 2>/dev/null
}
authority='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign'
issue root '/O=aoai-probe lab/CN=Lab Root' "$authority" root
issue issuer '/O=aoai-probe lab/CN=Lab TLS Issuing CA 01' "$authority" root
issue leaf '/O=Microsoft Corporation/CN=*.openai.azure.com' \
    'extendedKeyUsage=serverAuth
subjectAltName=DNS:*.openai.azure.com' issuer
cat leaf.pem issuer.pem >chain.pem
cat >nginx.conf <<CONF
user root;
daemon off;
worker_processes 1;
pid $LAB/nginx.pid;
error_log stderr crit;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path $LAB/body;
  proxy_temp_path $LAB/proxy;
  fastcgi_temp_path $LAB/fastcgi;
  uwsgi_temp_path $LAB/uwsgi;
  scgi_temp_path $LAB/scgi;
  server {
    listen 10.3.0.5:443 ssl backlog=16384;
    ssl_certificate $LAB/chain.pem;
    ssl_certificate_key $LAB/leaf.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    server_tokens off;
    add_header x-ms-region "East US" always;
    add_header apim-request-id "11111111-2222-3333-4444-555555555555" always;
    default_type application/json;
    if (\$http_api_key = "") { return 401 '{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}'; }
    location / { return 200 '{"data":[{"id":"gpt-4o","object":"model"}],"object":"list"}'; }
  }
}
CONF
printf 'nameserver 10.3.0.10\n' >resolv.conf
printf '127.0.0.1 localhost\n' >hosts
printf 'hosts: files dns\n' >nsswitch.conf
for file in resolv.conf hosts nsswitch.conf; do
    mount --bind "$file" "/etc/$file"
done
zone=privatelink.openai.azure.com
dnsmasq -d --conf-file=/dev/null --no-hosts --no-resolv --listen-address=10.3.0.10 \
    --bind-interfaces --user= --group= --local=/openai.azure.com/ --cache-size=10000 \
    --dns-forward-max=20000 \
    --cname="myacct.openai.azure.com,myacct.$zone" --host-record="myacct.$zone,10.3.0.5" \
    >dnsmasq.log 2>&1 &
nginx -p "$LAB" -e stderr -c "$LAB/nginx.conf" >nginx.log 2>&1 &
tries=0
until curl -sf --cacert root.pem -H 'api-key: x' -o /dev/null https://myacct.openai.azure.com/; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        cat nginx.log dnsmasq.log >&2
        exit 1
    fi
    sleep 0.05
done
cd - >/dev/null
exec "$@"
