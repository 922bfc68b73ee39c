#!/usr/bin/python3
"""python3-exchangelib's own autodiscovery, and nothing but that; prints one line of JSON: seconds (behind the imports), url, error.

    autodiscover_peer.py MAILBOX ACCOUNT PASSWORD-FILE CA.pem

The names of the mail domain must resolve and ports 443 and 80 must be the servers' own: autodiscover_net.py sees to that.
"""
import json, pathlib, sys, time, warnings

warnings.filterwarnings("ignore")
import requests.adapters
from exchangelib import Credentials
from exchangelib.autodiscover import Autodiscovery, clear_cache
from exchangelib.protocol import BaseProtocol


class Trusting(requests.adapters.HTTPAdapter):
    def cert_verify(self, connection, url, verify, cert):
        super().cert_verify(connection, url, sys.argv[4], cert)


def main():
    BaseProtocol.HTTP_ADAPTER_CLS = Trusting
    credentials = Credentials(sys.argv[2], pathlib.Path(sys.argv[3]).read_text().rstrip("\n"))
    clear_cache()
    url, error = None, None
    started = time.perf_counter()
    try:
        _, protocol = Autodiscovery(email=sys.argv[1], credentials=credentials).discover()
        url = protocol.service_endpoint
    except Exception as raised:  # whatever it raises is its answer
        error = f"{type(raised).__name__}: {raised}"
    print(json.dumps({"seconds": time.perf_counter() - started, "url": url, "error": error}))


if __name__ == "__main__":
    main()
