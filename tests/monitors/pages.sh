#!/bin/sh
# Debian's Chromium opens serve's pages, light and dark, wide and as on a phone, in a namespace
# without any other host: screenshots in the folder that is named, for eyes. Fails when the
# console says anything or when a page asks for anything that serve does not have.
#
#     sh benches/loopback.sh sh tests/monitors/pages.sh FOLDER [BINARY]
set -eu
folder=$1
binary=${2:-target/debug/aoai-probe}
mkdir -p "$folder"
cat >"$LAB/targets.toml" <<CONF
[defaults]
ca_file = "$LAB/root.pem"
labels = { team = "ai", region = "eastus" }
[[target]]
target = "myacct"
name = "prod-eastus"
[[target]]
target = "nosuch"
name = "account-that-is-gone"
[[target]]
target = "myacct.openai.azure.com"
name = "port-closed"
connect_to = ["::10.3.0.5:4443"]
[[target]]
target = "myacct.openai.azure.com"
name = "another-ca"
ca_file = "/etc/ssl/certs/ca-certificates.crt"
[[target]]
target = "later"
name = "not-asked-for-yet"
CONF
AZURE_OPENAI_API_KEY=canary-key "$binary" serve --config "$LAB/targets.toml" 2>"$LAB/serve.log" &
server=$!
at=http://127.0.0.1:9715
tries=0
until curl -sf -o /dev/null $at/-/ready; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat "$LAB/serve.log" >&2; exit 1; }
    sleep 0.05
done
for _ in 1 2 3 4 5 6 7 8; do
    for name in prod-eastus account-that-is-gone port-closed another-ca; do
        curl -s -o /dev/null "$at/probe?target=$name"
    done
done
shoot() { # file, size, path, options
    file=$1 size=$2 path=$3
    shift 3
    chromium --headless=new --no-sandbox --disable-gpu --disable-background-networking \
        --disable-component-update --no-first-run --hide-scrollbars --disable-dev-shm-usage \
        --user-data-dir="$LAB/chromium" --enable-logging=stderr --v=0 --virtual-time-budget=2000 \
        --log-net-log="$LAB/$file.net.json" --window-size="$size" \
        --screenshot="$folder/$file.png" "$@" "$at/$path" 2>"$LAB/$file.log" || true
    if ! [ -s "$folder/$file.png" ]; then
        cat "$LAB/$file.log" >&2
        exit 1
    fi
    if grep CONSOLE "$LAB/$file.log" | grep -v 'source: chrome://' >&2; then
        echo "$file: the console is not empty" >&2
        exit 1
    fi
}
dark='--blink-settings=preferredColorScheme=0'
shoot first-light 1200,800 ''
shoot first-dark 1200,800 '' "$dark"
shoot first-phone 500,1100 ''
shoot target-light 1200,1100 'target?name=account-that-is-gone'
shoot target-dark 1200,1100 'target?name=account-that-is-gone' "$dark"
shoot target-phone 500,1100 'target?name=prod-eastus'
shoot finding 1200,900 'finding/dns-zone-not-linked'
# What was asked for, as Chromium itself logged it; its own updates and clock are no page's.
asked=$(grep -ohE '"url":"(https?|wss?)://[^/"]+' "$LAB"/*.net.json | sort -u |
    grep -vE '//(127\.0\.0\.1:9715|[a-z0-9.]*\.(google|googleapis|gvt1)\.com)$' || true)
pages=$(for page in '' 'target?name=prod-eastus' finding/dns-zone-not-linked; do
    curl -s "$at/$page"
done)
if printf '%s' "$pages" | grep -E '<script|https?://[^w ]*\.(js|css|png|woff)|style="'; then
    echo 'a page holds a script, a style of its own or something from elsewhere' >&2
    exit 1
fi
kill -TERM $server
if [ -n "$asked" ]; then
    printf 'a page asked another host:\n%s\n' "$asked" >&2
    exit 1
fi
