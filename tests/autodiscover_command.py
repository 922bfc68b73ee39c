#!/usr/bin/env python3
"""`exray test autodiscover` as a process: its options, exit codes, what it asks of people, and --print-ews-url.

usage: autodiscover_command.py --bin BUILD_DIR [NAME...]
Ends with "N passed, N failed". What the methods themselves are worth, the scenarios show.
"""
import json, os, pathlib, pty, signal, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import jsonschema
import scenario as runner
from harness import FACTOR, SECRET, Store, Suite, expect, refused
from org_commands import exit_code, on_a_terminal

SCHEMA = json.loads((runner.ROOT / "reports/schema/report-1.schema.json").read_text())
BASE = json.loads((runner.BASE / "healthy-exchange-se.json").read_text())
ANNA = "anna@contoso.test"
URL = "https://mail.contoso.test/EWS/Exchange.asmx"
CLOUD_URL = "https://outlook.office365.com/EWS/Exchange.asmx"
SERVICE = ["--account", "CONTOSO\\svc-exray", "--password-file", "pw"]
NOWHERE = ["mail.contoso.test A a 127.0.0.2"]
IN_THE_CLOUD = ["contoso.test MX mx 0 contoso-test.mail.protection.outlook.com"]


class Discovery(Store):
    """The command, and an organisation that is asked."""

    def serving(self, *services, **exchange):
        """mail.contoso.test, found as autodiscover.contoso.test, offers these."""
        hosts = [{**BASE["hosts"][0], "serves": list(services)}, *BASE["hosts"][1:]]
        return self.start(hosts=hosts, exchange={**BASE["exchange"], **exchange})

    def discover(self, *words, **how):
        return self.run("test", "autodiscover", *words, **how)

    def report(self, *words, code=0):
        self.discover(*words, "--format", "none", "--json", "report.json", code=code)
        report = json.loads((self.folder / "report.json").read_text())
        jsonschema.validate(report, SCHEMA)
        return report

    def stopped(self):
        """What the servers saw, and every byte that they logged."""
        seen, code, errors = self.simulator.stop()
        self.simulator = None
        expect(code == 0, f"the simulator ended with {code}: {errors}")
        log = self.folder / "requests.log"
        return seen, log.read_bytes() if log.exists() else b""


def printed(world, *words, code, url, says=()):
    """--print-ews-url: standard output is the URL and its line end, standard error one line."""
    done = world.discover("--mailbox", ANNA, "--print-ews-url", *words, code=code, says=says)
    expect(done.stdout == f"{url}\n", f"{words}: standard output is {done.stdout!r}")
    expect(done.stderr.count("\n") == 1, f"{words}: standard error is {done.stderr!r}")
    return done


suite = Suite(Discovery)
test = suite.test


# ---- usage ----

@test
def usage_errors_are_64_and_name_the_option(world):
    rows = [
        (["--account", "a@contoso.test"], "--mailbox"), (["--mailbox"], "needs a value"), (["--mailbox", ANNA, "stray"], "stray"),
        (["--mailbox", ANNA, "--mehtod", "host"], "'--method'"), (["--mailbox", ANNA, "--auth", "kerberos", "--account", "a@b.test"], "kerberos"),
        (["--mailbox", ANNA, "--allow-redirect", "a b"], "--allow-redirect"), (["--mailbox", ANNA, "--format", "xml"], "xml"),
        (["--mailbox", ANNA, "--org", "contoso", "--account", "a@b.test"], "--account exclude"), (["--org", "contoso"], "--mailbox"),
        (["--mailbox", ANNA, "--password=S3cretS3cret"], "never an option's value"), (["--mailbox", ANNA, "--har", "x"], "not part of this version"),
    ]
    for words, needle in rows:
        refused(world, "test", "autodiscover", *words, code=64, says=needle)
    expect("S3cret" not in "".join(world.said), "a password is repeated")


@test
def each_test_has_its_own_options(world):
    for option in ("--ews-url", "--folder", "--folder-id", "--impersonate", "--impersonate-by"):
        refused(world, "test", "autodiscover", "--mailbox", ANNA, option, "x", code=64, says=(option, "service-account"))
    refused(world, "test", "autodiscover", "--mailbox", ANNA, "--no-impersonation", code=64, says="service-account")
    refused(world, "test", "autodiscover", "--mailbox", ANNA, "--host", "mail.contoso.test", code=64, says="ssl-trust")
    for name in ("service-account", "ssl-trust"):
        for words in (["--method", "host"], ["--exclude-method=host"], ["--print-ews-url"]):
            refused(world, "test", name, *words, code=64, says=(words[0].split("=")[0], "autodiscover"))


@test
def a_secret_of_nobody_is_refused_and_not_read(world):
    network = world.start()
    for words in (["--password-file", "nowhere"], ["--password-fd", "0"], ["--password-stdin"], ["--bearer-file", "nowhere"],
                  ["--keytab", "nowhere"], ["--auth", "basic"]):
        refused(world, "test", "autodiscover", "--mailbox", ANNA, *words, *network, code=64, says=(words[0], "--account"))
    seen, _ = world.stopped()
    expect(seen["requests"] == 0, seen)


@test
def methods_that_are_none_are_told_with_the_list(world):
    mailbox = ["test", "autodiscover", "--mailbox", ANNA]
    for option in ("--method", "--exclude-method"):
        for name in ("hosts", "", "xml"):
            refused(world, *mailbox, option, name, code=64, says=(option, "root", "host", "redirect", "srv", "v2", "microsoft-365", "pox", "soap"))
        refused(world, *mailbox, option, "scp", code=64, says=("scp does not apply", "Active Directory"))
    for words in (["--method", "host", "--exclude-method", "host"], ["--exclude-method", "pox", "--exclude-method", "soap", "--method", "srv"],
                  [word for name in ("root", "host", "redirect", "srv", "v2", "microsoft-365") for word in ("--exclude-method", name)]):
        refused(world, *mailbox, *words, code=64, says=("nothing to be asked", "microsoft-365"))


@test
def help_says_what_is_sent(world):
    done = world.discover("--help")
    expect(not done.stderr, done.stderr)
    for needle in ("--mailbox ADDR", "--account LOGON", "--method M", "--exclude-method M", "--print-ews-url", "--org NAME", "--ignore-trust",
                   "--allow-redirect", "Sent: with --account", "Without --account", "Nothing goes anywhere else"):
        expect(needle in done.stdout, f"{needle} is not in --help")
    for needle in ("--ews-url", "--folder", "--impersonate", "--chain"):
        expect(needle not in done.stdout, f"--help names {needle}")
    expect("autodiscover" in [line.split(" ")[0] for line in world.run("test", "--list").stdout.split("\n")], "test --list")
    expect("Sent: with --account" in world.run("test").stdout, "exray test has not what is sent")


# ---- a run ----

@test
def a_healthy_organisation_passes(world):
    network = world.start()
    report = world.report("--mailbox", ANNA, *SERVICE, *network)
    expect(report["test"] == "autodiscover" and [step["id"] for step in report["steps"]] == ["input", "autodiscover"], report["test"])
    expect(report["verdict"]["status"] == "success" and report["facts"]["ews_url"] == URL, report["verdict"])
    target = report["target"]
    expect((target["mailbox"], target["account"]) == (ANNA, "CONTOSO\\svc-exray"), target)
    expect((target["ews_url"], target["folder"], target["impersonate"]) == (None, None, None), target)
    expect("impersonat" not in json.dumps(report["verdict"]), report["verdict"])
    seen, _ = world.stopped()
    expect(seen["credentials_sent_to"] == ["mail.contoso.test"] and not seen["operations"], seen)


@test
def reports_of_every_kind_are_written(world):
    network = world.start()
    done = world.discover("--mailbox", ANNA, *SERVICE, *network, "--json", "a.json", "--html", "a.html", "--no-color")
    expect(ANNA in done.stdout and URL in done.stdout and "(null)" not in done.stdout, done.stdout)
    jsonschema.validate(json.loads((world.folder / "a.json").read_text()), SCHEMA)
    page = (world.folder / "a.html").read_text()
    expect("<!DOCTYPE html>" in page and "(null)" not in page, "the page")
    text = world.discover("--mailbox", ANNA, *SERVICE, *network, "-q", "--no-color").stdout
    expect(text and len(text) < len(done.stdout), text)


@test
def without_an_account_nobody_is_asked_for_a_secret(world):
    network = world.start()
    child, terminal = on_a_terminal(world, "test", "autodiscover", "--mailbox", ANNA, *network)
    if not child:
        return
    seen = b""
    try:
        while True:
            seen += os.read(terminal, 4096)
    except OSError:  # the program has closed its end
        pass
    expect(exit_code(child) in (0, 1) and b"Password" not in seen and b"Autodiscover" in seen, seen)
    counted, log = world.stopped()
    expect(counted["requests"] > 0, "nobody was asked")
    expect(counted["credentials_sent_to"] == [] and b"\nAuthorization:" not in log, counted)


@test
def without_an_account_the_report_has_none(world):
    network = world.serving("ews", "autodiscover-pox", "autodiscover-v2")
    report = world.report("--mailbox", ANNA, *network)
    expect(report["target"]["account"] is None and "autodiscover.not-asked" in json.dumps(report["steps"]), report["target"])
    expect({one["credentials"] for one in report["sent"]} == {"none"}, report["sent"])
    expect(report["facts"]["ews_url"] == URL, report["facts"]["ews_url"])


@test
def with_an_account_the_password_is_missed(world):
    refused(world, "test", "autodiscover", "--mailbox", ANNA, "--account", "CONTOSO\\svc-exray", "--no-input", code=64, says="--password-file")


@test
def a_malformed_address_is_a_finding_and_nothing_is_sent(world):
    network = world.start()
    for mailbox in ("anna", "anna@", "\u001b[2Janna"):
        report = world.report("--mailbox", mailbox, *SERVICE, *network, code=1)
        expect(report["verdict"]["finding"] == "input.address-invalid" and report["sent"] == [], report["verdict"])
    report = world.report("--mailbox", ANNA, "--account", "svc", "--password-file", "pw", *network, code=1)
    expect(report["verdict"]["finding"] == "input.account-format" and report["sent"] == [], report["verdict"])


@test
def a_chosen_method_leaves_the_others_out(world):
    network = world.start()
    steps = runner.steps_of(world.report("--mailbox", ANNA, *SERVICE, *network, "--method", "host"))
    for name in ("root", "redirect", "srv", "v2", "microsoft-365"):
        expect(steps[f"autodiscover.{name}"]["status"] == "skipped", f"{name}: {steps[f'autodiscover.{name}']}")
    seen, _ = world.stopped()
    names = {question.split(" ")[0] for question in seen["dns_questions"]}
    expect(names == {"autodiscover.contoso.test"}, names)
    network = world.start()
    steps = runner.steps_of(world.report("--mailbox", ANNA, *SERVICE, *network, "--exclude-method", "host", code=1))
    expect(steps["autodiscover.host"]["status"] == "skipped" and steps["autodiscover.root"]["status"] == "error", "the excluded one was asked")
    seen, _ = world.stopped()
    expect(seen["credentials_sent_to"] == [], seen)


@test
def both_protocols_are_asked_unless_the_url_alone_is_wanted(world):
    network = world.serving("ews", "autodiscover-pox", "autodiscover-soap")
    report = world.report("--mailbox", ANNA, *SERVICE, *network)
    expect({one["protocol"] for one in report["facts"]["autodiscover_answers"]} == {"POX", "SOAP"}, report["facts"]["autodiscover_answers"])
    for method, protocol in (("pox", "POX"), ("soap", "SOAP")):
        report = world.report("--mailbox", ANNA, *SERVICE, *network, "--method", method)
        expect({one["protocol"] for one in report["facts"]["autodiscover_answers"]} == {protocol}, report["facts"]["autodiscover_answers"])
    expect(world.stopped()[0]["operations"].get("GetUserSettings"), "SOAP was not asked")
    network = world.serving("ews", "autodiscover-pox", "autodiscover-soap")
    printed(world, *SERVICE, *network, code=0, url=URL)
    operations = world.stopped()[0]["operations"]
    expect(not operations.get("GetUserSettings"), operations)


@test
def a_server_that_is_too_busy_is_75(world):
    network = world.serving("ews", "autodiscover-soap", autodiscover={"soap_error": "ServerBusy"})
    words = ["--mailbox", ANNA, *SERVICE, *network, "--method", "soap"]
    report = world.report(*words, code=75)
    expect(report["verdict"]["finding"] == "autodiscover.server-busy", report["verdict"])
    printed(world, *SERVICE, *network, "--method", "soap", code=75, url=URL, says=("by the pattern", "autodiscover.server-busy"))


# ---- --print-ews-url ----

@test
def the_url_alone_is_on_stdout(world):
    network = world.start()
    done = printed(world, *SERVICE, *network, code=0, url=URL)
    expect("by Autodiscover: autodiscover.host gave it" in done.stderr, done.stderr)
    done = printed(world, *SERVICE, *network, "--format", "none", "--json", "a.json", "--html", "a.html", "-v", code=0, url=URL)
    jsonschema.validate(json.loads((world.folder / "a.json").read_text()), SCHEMA)
    expect("<!DOCTYPE html>" in (world.folder / "a.html").read_text(), "the page")
    done = world.discover("--mailbox", ANNA, "--print-ews-url", *SERVICE, *network, "-q")
    expect(done.stdout == f"{URL}\n" and not done.stderr, done)


@test
def a_terminal_gets_the_url_alone_too(world):
    network = world.start()
    try:
        near, far = pty.openpty()
    except OSError as error:  # a bare chroot has no /dev/pts
        print(f"       not tried: {error}")
        return
    done = subprocess.run(world.command("test", "autodiscover", "--mailbox", ANNA, "--print-ews-url", *SERVICE, *network), cwd=world.folder,
                          env=world.environment, stdin=subprocess.DEVNULL, stdout=far, stderr=subprocess.PIPE, timeout=60 * FACTOR)
    os.close(far)
    seen = os.read(near, 65536)
    os.close(near)
    expect(done.returncode == 0 and seen == f"{URL}\r\n".encode(), f"{done.returncode}: {seen}")


@test
def nothing_may_share_stdout_with_the_url(world):
    for words in (["--json", "-"], ["--html", "-"], ["--json", "a.json", "--json", "-"], ["--format", "tree"], ["--format", "json"]):
        refused(world, "test", "autodiscover", "--mailbox", ANNA, "--print-ews-url", *words, code=64, says=("--print-ews-url", words[-2]))


@test
def where_names_lead_to_microsoft_its_url_is_printed(world):
    network = world.start(dns=IN_THE_CLOUD)
    for words in (SERVICE, []):
        done = printed(world, *words, *network, code=0, url=CLOUD_URL, says="by Microsoft 365")
        expect("no server was asked with a logon" in done.stderr, done.stderr)
    seen, _ = world.stopped()
    expect(seen["credentials_sent_to"] == [] and not any("office365" in one for one in seen["dns_questions"]), seen)


def beside_the_cloud(world, hosts=BASE["hosts"], **changes):
    """The organisation's own hosts are there, and its mail comes in at Microsoft."""
    return world.start(dns=[line for line in BASE["dns"] if " MX " not in line] + IN_THE_CLOUD, hosts=hosts, **changes)


@test
def names_are_no_answer_where_an_own_service_is(world):
    """Mail may come in at Microsoft while the mailboxes are on premises."""
    mail, website = BASE["hosts"]
    refusing = [{"layer": "wire", "at": {"host": "mail.contoso.test", "port": "https"}, "do": "refuse"}]
    wrong = ["--account", "CONTOSO\\svc-exray", "--password-file", "secret"]
    rows = [({}, [], "autodiscover.not-asked"), ({}, wrong, "logon.rejected"),
            ({"exchange": {**BASE["exchange"], "autodiscover": {"shape": "no-ews-url"}}}, SERVICE, "autodiscover.no-ews-url"),
            ({"users": BASE["users"][1:], "scopes": {"mobile-users": []}}, SERVICE, "autodiscover.address-not-found"),
            ({"faults": refusing}, SERVICE, "autodiscover.no-method"),
            ({"hosts": [{**mail, "certificate": {"from_days": -400, "to_days": -3}}, website]}, SERVICE, "autodiscover.no-method")]
    for changes, words, finding in rows:
        network = beside_the_cloud(world, **changes)
        done = printed(world, *words, *network, code=1, url=URL, says=("by the pattern", f"(exray explain {finding})"))
        expect("no server was asked with a logon" not in done.stderr, f"{finding}: {done.stderr}")
        world.stopped()
    printed(world, *SERVICE, *beside_the_cloud(world), code=0, url=URL, says="by Autodiscover")


@test
def a_logon_on_the_way_to_the_cloud_is_not_denied(world):
    """The organisation's server was asked with a logon, and names an address in Microsoft 365."""
    moved = {**BASE["users"][0], "redirect_addr": "anna@contoso.mail.onmicrosoft.com"}
    network = world.start(users=[moved, BASE["users"][1]])
    done = printed(world, *SERVICE, *network, code=0, url=CLOUD_URL, says=("by Microsoft 365", "autodiscover.microsoft-365"))
    expect("no server was asked with a logon" not in done.stderr, done.stderr)
    seen, _ = world.stopped()
    expect(seen["credentials_sent_to"] == ["mail.contoso.test"], seen)


@test
def a_url_of_the_internal_network_is_called_so_once(world):
    inside = "https://ex01.contoso.test/EWS/Exchange.asmx"
    network = world.serving("ews", "autodiscover-pox", autodiscover={"shape": "internal-only", "internal_ews_url": inside})
    done = printed(world, *SERVICE, *network, code=0, url=inside, says="autodiscover.internal-url-only")
    expect(done.stderr.count("for the internal network only") == 1, done.stderr)


@test
def a_guess_is_called_one_and_exits_1(world):
    network = world.start(dns=NOWHERE)
    for words in (SERVICE, []):
        done = printed(world, *words, *network, code=1, url=URL, says="by the pattern")
        expect("not tested" in done.stderr and "autodiscover.no-method" in done.stderr, done.stderr)


@test
def a_service_that_was_not_asked_gives_no_more_than_a_guess(world):
    network = world.start()
    printed(world, *network, code=1, url=URL, says=("by the pattern", "autodiscover.not-asked"))


@test
def a_wrong_password_is_told_and_tried_once(world):
    network = world.serving("ews", "autodiscover-pox", "autodiscover-soap", "autodiscover-v2")
    done = world.discover("--mailbox", ANNA, "--print-ews-url", "--account", "CONTOSO\\svc-exray", "--password-file", "secret", *network, code=1)
    expect(done.stdout.count("\n") == 1 and done.stdout.startswith("https://"), done.stdout)
    expect("logon.rejected" in done.stderr and SECRET not in done.stderr, done.stderr)
    seen, _ = world.stopped()
    expect(seen["logon_failures"] == 1, seen)


@test
def without_a_domain_there_is_nothing_to_print(world):
    done = world.discover("--mailbox", "\u001b[2Janna", "--print-ews-url", *SERVICE, code=1, says="input.address-invalid")
    expect(not done.stdout and "\u001b" not in done.stderr, done)


@test
def no_control_character_of_a_server_reaches_the_terminal(world):
    hostile = "https://mail.contoso.test/EWS/\u202eExchange.asmx\u009b2J"
    network = world.serving("ews", "autodiscover-pox", autodiscover={"ews_url": hostile})
    done = world.exray("test", "autodiscover", "--mailbox", ANNA, "--print-ews-url", *SERVICE, *network, stdin=subprocess.DEVNULL)
    told = done.stdout + done.stderr
    bad = [hex(ord(one)) for one in told if (ord(one) < 32 and one != "\n") or 127 <= ord(one) < 160 or one == "\u202e"]
    expect(done.returncode in (0, 1) and not bad and done.stdout.count("\n") == 1, f"{done.returncode}: {bad}, {done.stdout!r}")


def black_hole():
    return [{"layer": "wire", "at": {"host": host}, "do": "backlog-full"} for host in ("mail.contoso.test", "contoso.test")]


@test
def the_time_limit_of_the_run_is_124(world):
    network = world.start(faults=black_hole())
    printed(world, *SERVICE, *network, "--timeout", "1", code=124, url=URL, says="by the pattern")


@test
def whoever_interrupts_gets_no_guess(world):
    network = world.start(faults=black_hole())
    process = subprocess.Popen(world.command("test", "autodiscover", "--mailbox", ANNA, "--print-ews-url", *SERVICE, *network), cwd=world.folder,
                               env=world.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1 * FACTOR)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10 * FACTOR)
    expect(process.returncode == 130 and not out, f"{process.returncode}: {out}{err}")


# ---- --org ----

@test
def the_store_gives_account_and_secret_and_no_url(world):
    network = world.start()
    world.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--account", "CONTOSO\\svc-exray",
              "--password-file", "pw", "--ews-url", "https://stored.contoso.test/EWS/Exchange.asmx", "--folder", "calendar")
    world.run("user", "add", "--org", "contoso", ANNA)
    report = world.report("--org", "contoso", "--mailbox", ANNA, *network)
    expect(report["facts"]["ews_url"] == URL, f"the stored URL was followed: {report['facts']['ews_url']}")
    expect(report["target"]["account"] == "CONTOSO\\svc-exray" and report["target"]["folder"] is None, report["target"])
    printed(world, "--org", "contoso", *network, code=0, url=URL)
    seen, log = world.stopped()
    expect(b"stored.contoso.test" not in log and not any("stored" in one for one in seen["dns_questions"]), "the stored host was asked")


@test
def a_user_who_needs_a_url_may_look_for_it(world):
    """Under Microsoft 365 a user of a server on premises has a URL of their own; who has none yet is the one who looks."""
    network = world.start()
    world.run("org", "add", "hybrid", "--access-type", "m365-oauth-impersonated", "--domain", "contoso.test", "--no-input")
    world.run("user", "add", "--org", "hybrid", ANNA, "--access-type", "exchange-impersonation", "--account", "CONTOSO\\svc-exray",
              "--password-file", "pw")
    printed(world, "--org", "hybrid", *network, code=0, url=URL)


@test
def what_the_store_lacks_is_78(world):
    world.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--no-input")
    words = ["test", "autodiscover", "--mailbox", ANNA, "--org"]
    refused(world, *words, "contoso", code=78, says="no account is stored")
    refused(world, *words, "contosso", code=78, says="contoso")
    world.run("org", "set", "contoso", "--account", "CONTOSO\\svc-exray", "--no-input")
    refused(world, *words, "contoso", code=78, says="no password is stored")


@test
def the_secret_of_an_organisation_is_not_taken_to_strangers(world):
    """A stored URL settles where the secret goes; Autodiscover would ask the hosts of the address all the same."""
    network = world.start()
    for name, more in (("contoso", ["--access-type", "exchange-impersonation", "--account", "CONTOSO\\svc-exray", "--password-file", "pw", "--ews-url", URL]),
                       ("cloud", ["--access-type", "m365-oauth-impersonated", "--account", "svc@contoso.test", "--bearer-file", "pw"])):
        world.run("org", "add", name, "--domain", "contoso.test", *more)
        for mailbox in ("anna@fabrikam.test", "anna@notcontoso.test", "anna@test"):
            refused(world, "test", "autodiscover", "--org", name, "--mailbox", mailbox, *network, code=78, says=("domains", mailbox))
        world.run("org", "set", name, "--domain", "")
        refused(world, "test", "autodiscover", "--org", name, "--mailbox", ANNA, *network, code=78, says="--domain")
    seen, _ = world.stopped()
    expect(seen["requests"] == 0 and seen["dns_questions"] == [], seen)


if __name__ == "__main__":
    sys.exit(suite.main())
