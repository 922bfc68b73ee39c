#!/bin/sh
# Every request that exray can send is valid by Microsoft's own schema.
# Needs xmllint and the schema outside of the project ($EXRAY_SHARED/xsd); else it is skipped (77).
set -eu

source=${EXRAY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${EXRAY_BUILD:?the folder that holds test_ews_requests}
schema=${EXRAY_SHARED:-$source/../shared}/xsd/wrap.xsd

if [ ! -r "$schema" ]; then
    echo "skipped: no $schema"
    exit 77
fi
if ! command -v xmllint >/dev/null; then
    echo "skipped: xmllint (Debian package libxml2-utils) is not installed"
    exit 77
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
EXRAY_WRITE_REQUESTS=$folder "$build/test_ews_requests" >/dev/null
set -- "$folder"/*.xml
[ $# -gt 100 ] || { echo "only $# requests were written"; exit 1; }
if ! xmllint --nonet --noout --schema "$schema" "$@" >"$folder/log" 2>&1; then
    grep -v ' validates$' "$folder/log" | head -20
    exit 1
fi
echo "$# requests are valid"
