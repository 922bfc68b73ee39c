#!/usr/bin/python3
"""A client that nobody here wrote, python3-exchangelib, against the simulated Exchange.

    exchangelib_client.py [EXRAY-SIM]      default: exray-sim in $EXRAY_BUILD

It discovers, logs on with Basic and with NTLM, reads an impersonated Inbox, writes and deletes an
item, resolves names, reads out-of-office settings and free/busy times, synchronises, subscribes,
and gets the right exception for a user outside the management scope.
Prints "N passed, N failed, N skipped"; exit 0 when nothing failed.

The client believes that it talks to ports 443 and 80: names are asked of the simulator's own name
server, and only the port numbers are exchanged on the way to connect().
"""
import datetime
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import warnings

try:
    import dns.resolver
    import exchangelib
    import requests.adapters
except ImportError as missing:
    print(f"{sys.executable} has no {missing.name} (Debian: python3-exchangelib)")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

from exchangelib import (BASIC, DELEGATE, IMPERSONATION, NTLM, Account, Configuration, Credentials,
                         EWSTimeZone, Message)
from exchangelib import errors
from exchangelib.autodiscover.discovery.base import BaseAutodiscovery
from exchangelib.properties import (DaylightTime, FreeBusyViewOptions, MailboxData, StandardTime,
                                    TimeWindow, TimeZone)
from exchangelib.protocol import BaseProtocol
from exchangelib.services import GetUserAvailability

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIO = ROOT / "fixtures/scenarios/base/healthy-exchange-se.json"
URL = "https://mail.contoso.test/EWS/Exchange.asmx"
ACCOUNT = Credentials("CONTOSO\\svc-exray", "Sim-Passw0rd")


class Simulator:
    """exray-sim, and the network as its clients see it."""

    def __init__(self, program, folder):
        command = [program, "--scenario", str(SCENARIO), "--state", folder]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ready = json.loads(self.process.stdout.readline())
        self.resolver = dns.resolver.Resolver(configure=False)
        self.resolver.nameservers = ["127.0.0.1"]
        self.resolver.port = self.ready["dns"]

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0, "exray-sim did not end well"
        self.process.stdout.close()
        return json.loads(pathlib.Path(self.ready["seen_file"]).read_text())

    def intercept(self):
        """From here on this process lives in the simulated organisation's network."""
        ports = {443: self.ready["https"], 80: self.ready["http"]}
        real, ca_file = socket.getaddrinfo, self.ready["ca_file"]

        def getaddrinfo(host, port, *args, **kwargs):
            try:
                address = str(self.resolver.resolve(host, "A")[0])
            except dns.exception.DNSException as error:
                raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
            return real(address, ports.get(port, port), *args, **kwargs)

        class Trusting(requests.adapters.HTTPAdapter):
            def cert_verify(self, conn, url, verify, cert):
                super().cert_verify(conn, url, ca_file, cert)

        socket.getaddrinfo = getaddrinfo
        BaseProtocol.HTTP_ADAPTER_CLS = Trusting
        BaseAutodiscovery.DNS_RESOLVER_KWARGS = {"configure": False}
        BaseAutodiscovery.DNS_RESOLVER_ATTRS = {
            "nameservers": ["127.0.0.1"],
            "port": self.ready["dns"],
        }


def account(address, auth=BASIC, credentials=ACCOUNT):
    config = Configuration(service_endpoint=URL, credentials=credentials, auth_type=auth)
    return Account(address, config=config, autodiscover=False, access_type=IMPERSONATION)


def reads_the_inbox_with_basic():
    inbox = account("anna@contoso.test").inbox
    assert (inbox.name, inbox.total_count, inbox.unread_count) == ("Inbox", 2, 1), inbox
    assert inbox.effective_rights.read and inbox.effective_rights.create_contents


def reads_the_inbox_with_ntlm():
    assert account("anna@contoso.test", NTLM).inbox.total_count == 2


def knows_the_version():
    version = account("anna@contoso.test").version
    assert str(version.build) == "15.2.2562.37", version


def discovers():
    found = Account("anna@contoso.test", credentials=ACCOUNT, autodiscover=True,
                    access_type=IMPERSONATION)
    assert found.protocol.service_endpoint == URL, found.protocol.service_endpoint
    assert found.inbox.total_count == 2


def discovers_the_primary_address_of_an_alias():
    found = Account("a.berg@contoso.test", credentials=ACCOUNT, autodiscover=True,
                    access_type=IMPERSONATION)
    assert found.primary_smtp_address == "anna@contoso.test", found.primary_smtp_address


def raises(kind, action):
    try:
        action()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


def is_denied_outside_the_scope():
    raises(errors.ErrorImpersonateUserDenied, lambda: account("boss@contoso.test").inbox)


def is_told_of_an_alias():
    raises(errors.ErrorNonPrimarySmtpAddress, lambda: account("a.berg@contoso.test").inbox)


def is_told_of_an_unknown_address():
    raises(errors.ErrorNonExistentMailbox, lambda: account("nobody@contoso.test").inbox)


def is_refused_with_a_wrong_password():
    wrong = Credentials("CONTOSO\\svc-exray", "wrong")
    raises(errors.UnauthorizedError,
           lambda: account("anna@contoso.test", credentials=wrong).inbox)


def resolves_names():
    protocol = account("anna@contoso.test").protocol
    (anna,) = protocol.resolve_names(["Anna"])
    assert (anna.email_address, anna.mailbox_type) == ("anna@contoso.test", "Mailbox"), anna
    (alias, contact), = protocol.resolve_names(["smtp:a.berg@contoso.test"],
                                               return_full_contact_data=True)
    assert alias.email_address == "anna@contoso.test" and contact.display_name == "Anna Berg"


def writes_and_deletes():
    drafts = account("anna@contoso.test").drafts
    item = Message(folder=drafts, account=drafts.account, subject="exchangelib was here").save()
    drafts.refresh()
    assert drafts.total_count == 1, drafts.total_count
    item.delete()
    drafts.refresh()
    assert drafts.total_count == 0, drafts.total_count


def finds_by_subject():
    drafts = account("anna@contoso.test").drafts
    for subject in ("found here", "found there", "lost"):
        Message(folder=drafts, account=drafts.account, subject=subject).save()
    exact = list(drafts.filter(subject="found here").only("subject"))
    assert [item.subject for item in exact] == ["found here"], exact
    begun = list(drafts.filter(subject__startswith="found ").only("subject"))
    assert sorted(item.subject for item in begun) == ["found here", "found there"], begun
    for item in drafts.all().only("subject"):
        item.delete()
    drafts.refresh()
    assert drafts.total_count == 0, drafts.total_count


def reads_the_out_of_office_settings():
    settings = account("anna@contoso.test").oof_settings
    assert (settings.state, settings.external_audience) == ("Disabled", "None"), settings


def may_not_read_the_out_of_office_settings_of_another():
    boss = Account("boss@contoso.test", config=account("anna@contoso.test").protocol.config,
                   autodiscover=False, access_type=DELEGATE)
    raises(errors.ErrorAccessDenied, lambda: boss.oof_settings)


def free_busy(*addresses):
    """What Anna is shown. The library would ask for the rules of the time zone before: they are known here."""
    never = {"bias": 0, "time": datetime.time(), "occurrence": 1, "iso_month": 1, "weekday": 1}
    zone = TimeZone(bias=0, standard_time=StandardTime(**never), daylight_time=DaylightTime(**never))
    start = datetime.datetime(2026, 11, 23, 8, tzinfo=EWSTimeZone("UTC"))
    window = TimeWindow(start=start, end=start + datetime.timedelta(hours=2))
    return list(GetUserAvailability(account("anna@contoso.test").protocol).call(
        mailbox_data=[MailboxData(email=address, attendee_type="Required") for address in addresses],
        timezone=zone, free_busy_view_options=FreeBusyViewOptions(
            time_window=window, merged_free_busy_interval=30, requested_view="DetailedMerged")))


def sees_free_and_busy_times():
    (view,) = free_busy("boss@contoso.test")
    assert (view.view_type, view.merged) == ("FreeBusyMerged", "0000"), view
    assert view.working_hours[0].weekdays == [1, 2, 3, 4, 5], view.working_hours


def is_told_of_free_busy_times_of_nobody():
    (error,) = free_busy("nobody@contoso.test")
    assert isinstance(error, errors.ErrorMailRecipientNotFound), error


def synchronises():
    inbox = account("anna@contoso.test").inbox
    changes = list(inbox.sync_items(only_fields=["id", "changekey"], max_changes_returned=1))
    assert [kind for kind, _ in changes] == ["create", "create"], changes
    assert list(inbox.sync_items(sync_state=inbox.item_sync_state, only_fields=["id"])) == []


def subscribes_and_unsubscribes():
    inbox = account("anna@contoso.test").inbox
    identifier = inbox.subscribe_to_streaming()
    inbox.unsubscribe(identifier)
    raises(errors.ErrorSubscriptionNotFound, lambda: inbox.unsubscribe(identifier))
    identifier, watermark = inbox.subscribe_to_pull(timeout=1)
    events = [event for notification in inbox.get_events(identifier, watermark)
              for event in notification.events]
    assert [type(event).__name__ for event in events] == ["StatusEvent"], events
    inbox.unsubscribe(identifier)


CASES = [
    reads_the_inbox_with_basic,
    reads_the_inbox_with_ntlm,
    knows_the_version,
    discovers,
    discovers_the_primary_address_of_an_alias,
    is_denied_outside_the_scope,
    is_told_of_an_alias,
    is_told_of_an_unknown_address,
    is_refused_with_a_wrong_password,
    resolves_names,
    writes_and_deletes,
    finds_by_subject,
    reads_the_out_of_office_settings,
    may_not_read_the_out_of_office_settings_of_another,
    sees_free_and_busy_times,
    is_told_of_free_busy_times_of_nobody,
    synchronises,
    subscribes_and_unsubscribes,
]


SEEN = {"credentials_sent_to": ["mail.contoso.test"], "items_left": 0, "open_subscriptions": 0}


def run(case):
    try:
        case()
        return True
    except Exception as error:  # whatever the library raises is what the test is about
        print(f"{case.__name__}: {type(error).__name__}: {error}")
        return False


def main():
    build = os.environ.get("EXRAY_BUILD", str(ROOT / "build/release"))
    program = sys.argv[1] if len(sys.argv) > 1 else os.path.join(build, "exray-sim")
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder  # the library keeps its discovery cache there
        simulator = Simulator(program, folder)
        simulator.intercept()
        results = [run(case) for case in CASES]
        exchangelib.close_connections()
        seen = simulator.stop()
    for what, expected in SEEN.items():
        results.append(seen[what] == expected)
        if not results[-1]:
            print(f"{what}: {seen[what]}, not {expected}")
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
