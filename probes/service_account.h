/* The steps of the service-account test. One line per probe, in the order of the run and of the
 * report. */
PROBE(input)        /* first: faults of the form cost no packet */
PROBE(autodiscover) /* before endpoint: it finds the address that endpoint tests */
PROBE(endpoint)
PROBE(ssl_trust) /* before logon: no credential travels over a connection that was not judged */
PROBE(logon)
PROBE(inbox)
PROBE(smtp_address) /* last, yet independent of inbox: an alias explains a refusal */
