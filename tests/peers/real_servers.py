#!/usr/bin/env python3
"""exray against servers that nobody here wrote, in front of exray-sim's EWS: Apache with mod_auth_gssapi and gss-ntlmssp, nginx,
Samba's ntlm_auth, gss-ntlmssp with channel bindings (Extended Protection), MIT Kerberos.

    real_servers.py [BUILD-DIR]      default: $EXRAY_BUILD

They are started on loopback by the scripts in $EXRAY_SHARED/realservers (default: ../shared beside the project) and stopped
again: see servers.py. Without that folder, or without the packages it names, everything is skipped. The cases of NTLM and Basic
are in logons.py and bulk.py, those of Kerberos in kerberos.py.
Prints "N passed, N failed, N skipped".
"""
import os
import pathlib
import sys
import tempfile

import bulk
import kerberos
import logons
from servers import prepare


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["EXRAY_BUILD"]).resolve()
    with tempfile.TemporaryDirectory(prefix="exray-servers-") as name, prepare(build, pathlib.Path(name)) as servers:
        counts = [logons.run(servers, pathlib.Path(name)), bulk.run(servers, pathlib.Path(name))]
        print("Kerberos:", flush=True)
        counts.append(kerberos.run(build, servers, pathlib.Path(name)))
    passed, failed, skipped = map(sum, zip(*counts))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
