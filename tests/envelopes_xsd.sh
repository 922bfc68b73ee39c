#!/bin/sh
# Every SOAP envelope that the test programs named write is valid by Microsoft's own schema, which does not
# cover SOAP faults. usage: envelopes_xsd.sh TEST-PROGRAM...
# Needs xmllint and the schema outside of the project ($EXRAY_SHARED/xsd); else it is skipped (77).
set -eu

schema=${EXRAY_SHARED:-$(cd "$(dirname "$0")/.." && pwd)/../shared}/xsd/wrap.xsd

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
for program in "$@"; do
    EXRAY_WRITE_ENVELOPES=$folder "$program" >/dev/null
done
set -- "$folder"/*.xml
[ $# -gt 100 ] || { echo "only $# envelopes were written"; exit 1; }
if ! xmllint --nonet --noout --schema "$schema" "$@" >"$folder/log" 2>&1; then
    grep -v ' validates$' "$folder/log" | head -20
    exit 1
fi
echo "$# envelopes are valid"
