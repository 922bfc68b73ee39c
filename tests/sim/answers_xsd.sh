#!/bin/sh
# Every kind of answer that the simulated Exchange gives is valid by Microsoft's own schema, which
# does not cover SOAP faults.
# Needs xmllint and the schema outside of the project ($EXRAY_SHARED/xsd); else it is skipped (77).
set -eu

source=${EXRAY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${EXRAY_BUILD:?the folder that holds test_answers and test_exchange}
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
EXRAY_WRITE_ANSWERS=$folder "$build/test_answers" >/dev/null
EXRAY_WRITE_ANSWERS=$folder "$build/test_exchange" >/dev/null
set -- "$folder"/*.xml
[ $# -gt 100 ] || { echo "only $# answers were written"; exit 1; }
if ! xmllint --nonet --noout --schema "$schema" "$@" >"$folder/log" 2>&1; then
    grep -v ' validates$' "$folder/log" | head -20
    exit 1
fi
echo "$# answers are valid"
