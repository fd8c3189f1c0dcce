#!/usr/bin/env bash
# Every test, on a fresh Debian 12 with Rust: sets up what is missing, builds, runs, and ends
# with the result lines of cargo test. Asks nothing; may be run again and again.
#
# With CI set, a test that cannot run here fails instead of being skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

if ! command -v cargo >/dev/null; then
    echo 'tests/run.sh: cargo is not on the PATH; install Rust (https://rustup.rs)' >&2
    exit 1
fi

missing=$(sh .ci/packages --missing)
echo 'tests/run.sh: every test; about half an hour on two cores in a clean clone.'
echo "Debian packages that it installs (none of their services is started): ${missing:-none}"
echo 'Into target/, and nowhere else: Python packages (target/venv), the builds.'
sh .ci/packages

# The published schema is checked by a validator that is not ours.
if ! command -v check-jsonschema >/dev/null; then
    if ! [ -x target/venv/bin/check-jsonschema ]; then
        python3 -m venv target/venv
        target/venv/bin/pip install --quiet --disable-pip-version-check check-jsonschema==0.39.0
    fi
    PATH=$PWD/target/venv/bin:$PATH
fi

# Wire parity: an application with the Azure SDK, which is not ours either (docs/parity.md).
if ! target/venv/bin/python -c 'import azure.identity, openai' 2>/dev/null; then
    [ -x target/venv/bin/pip ] || python3 -m venv target/venv
    target/venv/bin/pip install --quiet --disable-pip-version-check \
        azure-identity==1.27.0 msal==1.39.0 openai==3.54.0
fi

# Readers of Azure Resource Manager that are not ours, over the lab's own (tests/scenarios/sdk.py).
if ! target/venv/bin/python -c 'import azure.mgmt.cognitiveservices, azure.mgmt.network' 2>/dev/null; then
    [ -x target/venv/bin/pip ] || python3 -m venv target/venv
    target/venv/bin/pip install --quiet --disable-pip-version-check \
        azure-mgmt-authorization==4.0.0 azure-mgmt-cognitiveservices==14.1.0 \
        azure-mgmt-network==28.1.0 azure-mgmt-privatedns==2.0.0 azure-mgmt-resourcegraph==8.0.1
fi

# The SDKs of the other services, over the lab's own servers (tests/scenarios/services.py).
if ! target/venv/bin/python -c 'import azure.search.documents, azure.storage.blob, azure.keyvault.secrets, azure.appconfiguration, azure.storage.fileshare, azure.ai.contentsafety, azure.ai.documentintelligence, azure.ai.translation.document' 2>/dev/null; then
    [ -x target/venv/bin/pip ] || python3 -m venv target/venv
    target/venv/bin/pip install --quiet --disable-pip-version-check \
        azure-search-documents==12.0.0 azure-storage-blob==12.31.1 azure-keyvault-secrets==4.12.0 \
        azure-appconfiguration==1.10.0 azure-storage-file-share==12.27.1 \
        azure-ai-contentsafety==1.0.0 azure-ai-documentintelligence==1.0.2 \
        azure-ai-translation-document==2.0.0
fi

# Microsoft's own parser of the Kusto query language: it reads our queries of Resource Graph.
if ! [ -s target/kusto/Kusto.Language.Bridge.min.js ]; then
    folder=$(mktemp -d)
    (cd "$folder" && npm pack --silent @kusto/language-service-next@12.4.1 >/dev/null)
    mkdir -p target/kusto
    tar -xzf "$folder"/kusto-language-service-next-12.4.1.tgz -C "$folder"
    mv "$folder"/package/bridge.min.js "$folder"/package/Kusto.Language.Bridge.min.js target/kusto
    rm -r "$folder"
fi

# A linter of Markdown, and GitHub's own renderer: they read the tickets.
if ! target/venv/bin/python -c 'import cmarkgfm, pymarkdown' 2>/dev/null; then
    [ -x target/venv/bin/pip ] || python3 -m venv target/venv
    target/venv/bin/pip install --quiet --disable-pip-version-check \
        cmarkgfm==2025.10.22 pymarkdownlnt==0.9.41
fi

# A parser of PowerShell that is not ours: it reads the commands of reports of Windows machines.
if ! target/venv/bin/python -c 'import tree_sitter_powershell' 2>/dev/null; then
    [ -x target/venv/bin/pip ] || python3 -m venv target/venv
    target/venv/bin/pip install --quiet --disable-pip-version-check \
        tree-sitter==0.26.1 tree-sitter-powershell==0.26.4
fi

# Jenkins's schema of JUnit's XML, as pytest's source package has it.
if ! [ -s target/junit-10.xsd ]; then
    [ -x target/venv/bin/pip ] || python3 -m venv target/venv
    target/venv/bin/pip install --quiet --disable-pip-version-check \
        setuptools==80.9.0 setuptools-scm==8.2.0
    folder=$(mktemp -d)
    target/venv/bin/pip download --quiet --disable-pip-version-check --no-deps \
        --no-build-isolation --no-binary :all: --dest "$folder" pytest==8.3.5
    tar -xzOf "$folder/pytest-8.3.5.tar.gz" \
        pytest-8.3.5/testing/example_scripts/junit-10.xsd >"$folder/junit-10.xsd"
    mv "$folder/junit-10.xsd" target/junit-10.xsd
    rm -r "$folder"
fi

# axe-core judges the pages of --format html; this package brings it.
if ! [ -s target/axe.min.js ]; then
    [ -x target/venv/bin/pip ] || python3 -m venv target/venv
    folder=$(mktemp -d)
    target/venv/bin/pip download --quiet --disable-pip-version-check --no-deps \
        --only-binary :all: --dest "$folder" axe-playwright-python==0.1.8
    python3 -m zipfile -e "$folder"/axe_playwright_python-*.whl "$folder"
    mv "$folder/axe_playwright_python/axe.min.js" target/axe.min.js
    rm -r "$folder"
fi

cargo fetch --quiet --locked

# The tests are compiled meanwhile: the program as it is released keeps one core busy for minutes.
cargo test --quiet --locked --no-run 2>/dev/null &
compiles=$!
# The program as it is released: what the kernel lab runs, and what has a budget. Beside it, one
# with a bug of ours that is built the same way.
cargo build --release --locked --workspace
export AOAI_PROBE_BINARY=$PWD/target/release/aoai-probe
export AOAI_PROBE_PANIC=$PWD/target/release/panic
# What does not compile is said by the run of the tests, which compiles it again.
wait "$compiles" || true

log=$PWD/target/tests.log
status=0
cargo test --locked --no-fail-fast 2>&1 | tee "$log" || status=$?

# The package that is made of it, and what is shipped for other places.
tests/packaging.sh || status=$?

echo
echo 'Results:'
grep -E '^( +(Running|Doc-tests) |test result: |skipped: )' "$log" || true
exit "$status"
