#!/bin/sh
# Provides Chromium for the tests with web pages, where that is possible without asking: as root, with apt. It is no
# package of Python, and too large to be installed for everyone. Never fails: without a browser those tests are skipped.
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" > /dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "Installing Chromium for the tests with web pages ..."
    export DEBIAN_FRONTEND=noninteractive
    for step in "update" "install --yes --no-install-recommends chromium"; do
        timeout 180 apt-get -qq $step < /dev/null > /dev/null 2>&1
    done
    if command -v chromium > /dev/null; then exit 0; fi
fi
echo "NO BROWSER: the tests with web pages will be skipped. Install one, with \`apt-get install chromium\` for example." >&2
