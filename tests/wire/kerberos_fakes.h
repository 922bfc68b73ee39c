#ifndef XR_TESTS_KERBEROS_FAKES_H
#define XR_TESTS_KERBEROS_FAKES_H

/* A Kerberos child that does not do what it should: KRB5_FAKE says which. At each start the file
 * KRB5_STARTS gets a byte. Returns its exit code. */
int kerberos_fake(int argc, char **argv);

#endif
