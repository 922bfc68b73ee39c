#!/bin/sh
# docs/findings/ must be what the catalogue makes.
#
#     tests/docs_drift.sh WRITE-FINDINGS      the program of the build folder
set -eu

writer=${1:?usage: tests/docs_drift.sh WRITE-FINDINGS}
root=$(cd "$(dirname "$0")/.." && pwd)
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

"$writer" "$fresh"
if ! diff -ru "$root/docs/findings" "$fresh"; then
    echo "docs/findings is out of date. Run: rm docs/findings/*.md; $writer docs/findings" >&2
    exit 1
fi
