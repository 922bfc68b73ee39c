/* The steps of the service-account test. One line per probe, in the order of the run and of the
 * report. */
PROBE(input)        /* first: faults of the form cost no packet */
PROBE(autodiscover) /* before endpoint: it finds the address that endpoint tests */
PROBE(endpoint)
PROBE(ssl_trust) /* before logon: no credential travels over a connection that was not judged */
PROBE(logon)
PROBE(inbox)
PROBE(smtp_address) /* independent of inbox: an alias explains a refusal */
/* From here on only what was asked for; each by itself. */
PROBE(write)
PROBE(rooms)
PROBE(oof)
PROBE(availability)
PROBE(sync)
PROBE(scope)               /* --outside */
PROBE(extended_protection) /* last: it has one more logon refused on purpose */
