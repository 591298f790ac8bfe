#!/bin/sh
# Builds a release's files into a folder, with the commit's time as theirs, and tells the workflow the digest of their checksums.
set -eu
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
node scripts/release-assets.mjs --out "$1"
echo "checksums=$(sha256sum "$1/SHA256SUMS" | cut -d ' ' -f 1)" >> "${GITHUB_OUTPUT:-/dev/stdout}"
