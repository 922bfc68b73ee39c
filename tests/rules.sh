#!/bin/sh
# The house's rules, enforced. usage: rules.sh RULE, one of: layers owners banned secrets sizes format
set -eu
cd "$(dirname "$0")/.."
status=0

complain() {
    echo "$*"
    status=1
}

ours() { find analyzer probes reports fixtures docs tests -name "$1" -not -path '*/node_modules/*' | sort; }

# Who may include whom: a folder, then the folders it may include. A floor sees only what lies below it.
layers() {
    while read -r folder allowed; do
        for file in $(find "$folder" -maxdepth 1 -name '*.[ch]'); do
            for include in $(sed -n 's/^#include "\(.*\)\/[^/]*"$/\1/p' "$file" | sort -u); do
                case " $folder $allowed " in
                *" $include "*) ;;
                *) complain "$file must not include $include/" ;;
                esac
            done
        done
    done <<RULES
analyzer/base
analyzer/model    analyzer/base
analyzer/wire     analyzer/base
probes            analyzer/base analyzer/model analyzer/wire
reports           analyzer/base analyzer/model
analyzer/org      analyzer/base analyzer/model analyzer/wire
analyzer/run      analyzer/base analyzer/model analyzer/wire analyzer/org probes
analyzer/commands analyzer/base analyzer/model analyzer/wire analyzer/org probes reports analyzer/run
analyzer          analyzer/commands analyzer/wire
fixtures          analyzer/base
docs              analyzer/base analyzer/model probes
RULES
}

# Each foreign library is included by its owners alone.
owners() {
    while read -r header allowed; do
        for file in $(grep -l "^#include <$header" $(ours '*.[ch]') || true); do
            case "$file" in tests/*) continue ;; esac
            case " $allowed " in
            *" $file "*) ;;
            *" ${file%/*}/ "*) ;;
            *) complain "$file must not include <$header...>: that is for $allowed" ;;
            esac
        done
    done <<RULES
curl/    analyzer/wire/fetch.c analyzer/wire/http_leg.h analyzer/wire/http_err.c analyzer/wire/http_err.h analyzer/wire/http_setup.c analyzer/wire/http_setup.h analyzer/wire/http_timings.c analyzer/wire/http_timings.h analyzer/wire/url.c analyzer/wire/start.c
libxml/  analyzer/wire/xml.c analyzer/wire/xml_scan.c analyzer/wire/start.c fixtures/xml.c fixtures/xml.h
cjson/   analyzer/org/ analyzer/wire/autodiscover_v2.c reports/json.c reports/json_items.c reports/json_items.h fixtures/json.c fixtures/json.h fixtures/seen.c
ares     analyzer/wire/dns.c analyzer/wire/start.c
idn2     analyzer/base/text.c
krb5     analyzer/wire/kerberos_task.h
gssapi/  analyzer/wire/kerberos_gss.c
sqlite3  analyzer/org/store_sqlite.h
openssl/ analyzer/org/vault.c analyzer/org/vault_key.c analyzer/wire/tls.c analyzer/wire/certificate.h analyzer/wire/certificate.c analyzer/wire/judge.c analyzer/wire/path.c analyzer/wire/flaw.c analyzer/wire/trust.c analyzer/wire/chain_file.c analyzer/wire/revocation.c analyzer/wire/ocsp.c analyzer/wire/crl.c analyzer/wire/issuer.c analyzer/wire/ntlm_key.c analyzer/wire/ntlm_binding.c analyzer/wire/scrub.c reports/html.c fixtures/
RULES
}

banned() {
    grep -nE '\b(sprintf|vsprintf|strcpy|strcat|strncpy|strncat|gets|strtok|atoi|atol)\(' $(ours '*.[ch]') &&
        complain "a banned call: see the list in tests/rules.sh"
    grep -nE '\b(system|popen)\(' $(ours '*.[ch]' | grep -v '^tests/') && complain "no shell is started"
    grep -nE '^typedef struct' $(ours '*.[ch]') && complain "structs are not typedef'd here"
    grep -nE '^[[:space:]]*//' $(ours '*.[ch]') && complain "comments are /* */ here"
    grep -rnE '/(home|root|work)/[a-z]' $(ours '*.[ch]') $(ours '*.py') $(ours '*.sh') run README.md &&
        complain "a path of somebody's machine"
    return 0
}

# A secret has one way out, for those who must send it.
secrets() {
    grep -l 'xr_reveal(' $(ours '*.[ch]') | grep -vE '^(analyzer/base/secret.h|analyzer/wire/(http_setup|kerberos|kerberos_logon|scrub|ntlm_key).c|analyzer/org/vault(_key)?.c|tests/)' &&
        complain "only wire/http_setup.c, wire/kerberos*.c, wire/scrub.c, wire/ntlm_key.c and org/vault*.c may reveal a secret"
    grep -n 'secret.h' analyzer/model/*.[ch] reports/*.[ch] analyzer/org/store*.[ch] && complain "what reports see has no secret in it"
    return 0
}

sizes() {
    for file in $(ours '*.[ch]'); do
        lines=$(wc -l <"$file")
        [ "$lines" -le 500 ] || complain "$file has $lines lines; 500 are allowed"
    done
    ctags -x --c-kinds=f --fields=+ne --_xformat='%F %N %n %{end}' $(ours '*.c') | awk '
        { n = $4 - $3 + 1; sizes[++count] = n; if (n > 80) { print $1 ": " $2 " has " n " lines; 80 are allowed"; bad = 1 } }
        END {
            for (i = 2; i <= count; i++) for (k = i; k > 1 && sizes[k] < sizes[k-1]; k--) { t = sizes[k]; sizes[k] = sizes[k-1]; sizes[k-1] = t }
            median = sizes[int((count + 1) / 2)]; p90 = sizes[int(count * 0.9)]
            printf "%d functions: median %d lines, 90%% within %d, longest %d\n", count, median, p90, sizes[count]
            if (median > 15) { print "the median function is to have 15 lines at most"; bad = 1 }
            if (p90 > 45) { print "90% of the functions are to have 45 lines at most"; bad = 1 }
            exit bad
        }' || status=1
}

format() {
    clang-format --dry-run -Werror $(ours '*.[ch]') || complain "run: clang-format -i on the files above"
}

"$1"
exit "$status"
