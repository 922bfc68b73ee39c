#!/usr/bin/python3
"""python3-exchangelib asks for N mailboxes, C at a time, and prints one line of JSON.

    bulk_peer.py URL CA.pem N C raw|api USER PASSWORD-FILE

raw: one impersonated GetFolder(inbox) for each mailbox, the least that the library can do. api: what a user of the library writes,
Account(...).inbox, which is two requests. The processor's time is counted from behind the imports.
"""
import concurrent.futures, json, resource, sys, time, warnings

warnings.filterwarnings("ignore")
import requests.adapters
from exchangelib import BASIC, IMPERSONATION, Account, Build, Configuration, Credentials, Version
from exchangelib.properties import DistinguishedFolderId
from exchangelib.protocol import BaseProtocol
from exchangelib.services import GetFolder

URL, CA, COUNT, WORKERS, MODE, USER, PASSWORD_FILE = sys.argv[1:8]


class Trusting(requests.adapters.HTTPAdapter):
    def cert_verify(self, connection, url, verify, cert):
        super().cert_verify(connection, url, CA, cert)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


BaseProtocol.HTTP_ADAPTER_CLS = Trusting
configuration = Configuration(service_endpoint=URL, credentials=Credentials(USER, open(PASSWORD_FILE).read().strip()), auth_type=BASIC,
                              version=Version(Build(15, 1)), max_connections=int(WORKERS))


def ask(number):
    address = f"user{number:05}@contoso.test"
    account = Account(address, config=configuration, autodiscover=False, access_type=IMPERSONATION)
    if MODE == "api":
        return account.inbox.total_count == 2
    service = GetFolder(account=account)
    elements = list(service._chunked_get_elements(service.get_payload, items=[DistinguishedFolderId(id="inbox")],
                                                  additional_fields=None, shape="IdOnly"))
    return len(elements) == 1 and not isinstance(elements[0], Exception)


started, cpu = time.perf_counter(), cpu_seconds()
with concurrent.futures.ThreadPoolExecutor(int(WORKERS)) as pool:
    good = sum(pool.map(ask, range(1, int(COUNT) + 1)))
print(json.dumps({"seconds": time.perf_counter() - started, "cpu": cpu_seconds() - cpu, "failed": int(COUNT) - good,
                  "requests": int(COUNT) * (1 if MODE == "raw" else 2)}))
