#!/bin/sh
# docs/findings/ must be what the catalogue makes, docs/redirect-policy.md what the policy's table makes.
#
#     tests/docs_drift.sh WRITE-FINDINGS WRITE-POLICY      the programs of the build folder
set -eu

usage="usage: tests/docs_drift.sh WRITE-FINDINGS WRITE-POLICY"
findings=${1:?$usage}
policy=${2:?$usage}
root=$(cd "$(dirname "$0")/.." && pwd)
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
status=0

mkdir "$fresh/findings"
"$findings" "$fresh/findings"
if ! diff -ru "$root/docs/findings" "$fresh/findings"; then
    echo "docs/findings is out of date. Run: rm docs/findings/*.md; $findings docs/findings" >&2
    status=1
fi
"$policy" "$fresh/redirect-policy.md"
if ! diff -u "$root/docs/redirect-policy.md" "$fresh/redirect-policy.md"; then
    echo "docs/redirect-policy.md is out of date. Run: $policy docs/redirect-policy.md" >&2
    status=1
fi
exit "$status"
