#!/usr/bin/env python3
"""`exray test ssl-trust` as a process: its options, exit codes and reports, of a server and of a file.

usage: ssl_trust_command.py --bin BUILD_DIR [NAME...]
Ends with "N passed, N failed". What the judgement itself is worth, the matrix of certificates shows.
"""
import json, os, pathlib, socket, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import jsonschema
import scenario as runner
from harness import FACTOR, Suite, World, expect

HOST = "mail.contoso.test"
SCHEMA = json.loads((runner.ROOT / "reports/schema/report-1.schema.json").read_text())
# The parts of the step that a file can show as well as a server.
PARTS = ["name", "chain", "trust", "dates", "purpose", "strength"]


class Trust(World):
    """The command, and chains in files."""

    def openssl(self, *words, **how):
        return subprocess.run(["openssl", *map(str, words)], cwd=self.folder, check=True, capture_output=True, timeout=60 * FACTOR, **how)

    def certificate(self, name, subject, issuer=None, days=100, extensions=()):
        words = [word for line in extensions for word in ("-addext", line)]
        signed = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"] if issuer else []
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
                     f"{name}.pem", "-subj", f"/CN={subject}", "-days", days, *signed, *words)

    def chain(self):
        """root.pem, other.pem (a root that signed nothing), chain.pem (leaf and intermediate), leaf.pem; 100 days from now on."""
        authority = ["keyUsage=critical,keyCertSign,cRLSign"]
        server = [f"subjectAltName=DNS:{HOST},DNS:xn--bcher-kva.test,IP:192.0.2.1", "basicConstraints=critical,CA:FALSE",
                  "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth"]
        self.certificate("root", "Contoso Root", days=4000, extensions=authority)
        self.certificate("other", "Another Root", days=4000, extensions=authority)
        self.certificate("middle", "Contoso Issuing", "root", 3000, authority)
        self.certificate("leaf", HOST, "middle", 100, server)
        (self.folder / "chain.pem").write_bytes(b"".join((self.folder / name).read_bytes() for name in ("leaf.pem", "middle.pem")))

    def trust(self, *words, **how):
        return self.exray("test", "ssl-trust", *words, **how)

    def judged(self, *words, exit, finding=None, **how):
        """The report of a run that ends so."""
        done = self.trust(*words, "--json", "-", **how)
        expect(done.returncode == exit, f"{words}: exit {done.returncode}, not {exit}: {done.stdout[-600:]}{done.stderr}")
        report = json.loads(done.stdout)
        jsonschema.validate(report, SCHEMA)
        expect(report["verdict"]["finding"] == finding, f"{words}: {report['verdict']['finding']}, not {finding}")
        expect("(null)" not in done.stdout, f"{words}: (null) in the report")
        return report

    def offline(self, *words, **how):
        return self.judged("--chain", "chain.pem", "--root", "root.pem", *words, **how)


def days_on(days):
    """The moment so many days from now, as the option takes it."""
    return subprocess.run(["date", "-u", "-d", f"{days} days", "+%Y-%m-%dT%H:%M:%SZ"], check=True, capture_output=True, text=True).stdout.strip()


def findings_of(report, parts=PARTS):
    """Step -> the findings below it, of these parts of ssl-trust."""
    steps = runner.steps_of(report)
    return {part: sorted({finding["id"] for finding in steps[f"ssl-trust.{part}"]["findings"]}) for part in parts}


suite = Suite(Trust)
test = suite.test


@test
def usage_errors_are_64_and_name_the_option(world):
    world.chain()
    live, file = ["--host", HOST], ["--chain", "chain.pem"]
    rows = [
        ([], "--host"), ([*live, "--at", "2026-12-01T12:00:00Z"], "--at"), ([*live, "--root", "root.pem"], "--root"),
        ([*file, "--root", "root.pem", "--ca-file", "root.pem"], "--ca-file"), ([*file, "--at", "tomorrow"], "--at tomorrow"),
        ([*file, "--at", "2026-12-01"], "2026-12-01T12:00:00Z"), ([*file, "--at", "2026-02-30T12:00:00Z"], "--at"),
        ([*live, "--warn-days", "-1"], "--warn-days"), ([*live, "--crit-days", "many"], "--crit-days"),
        ([*live, "--warn-days", "5", "--crit-days", "9"], "--crit-days 9"), ([*live, "stray"], "stray"), ([*live, "--host"], "needs a value"),
        ([*live, "--format", "xml"], "xml"), ([*live, "--hots", "x"], "'--host'"), ([*live, "--fail-on", "error"], "--fail-on"),
        ([*live, "--resolve", "a:b:c"], "--resolve"), ([*live, "--har", "x"], "not part of this version"),
    ]
    for words, needle in rows:
        done = world.trust(*words)
        expect(done.returncode == 64, f"{words}: exit {done.returncode}")
        expect(needle in done.stderr, f"{words}: {done.stderr!r} does not name {needle}")
        expect(not done.stdout, f"{words}: stdout must stay empty")


@test
def each_test_has_its_own_options(world):
    for option in ("--mailbox", "--account", "--password-file", "--bearer-file", "--ews-url", "--folder", "--org", "--keytab", "--auth"):
        for words in ([option, "x"], [f"{option}=x"]):
            done = world.trust("--host", HOST, *words)
            expect(done.returncode == 64 and option in done.stderr and "service-account" in done.stderr, f"{words}: {done.returncode}, {done.stderr}")
    for option in ("--host", "--chain", "--root", "--at"):
        done = world.exray("test", "service-account", "--mailbox", "a@b.test", "--account", "a@b.test", option, "x")
        expect(done.returncode == 64 and option in done.stderr and "ssl-trust" in done.stderr, f"{option}: {done.returncode}, {done.stderr}")
    done = world.trust("--host", HOST, "--password=S3cretS3cret")
    expect(done.returncode == 64 and "takes no password" in done.stderr and "S3cret" not in done.stderr, done.stderr)
    done = world.trust("--host", HOST, "--user-agent", "--mailbox", "--timeout", "soon")
    expect("--timeout" in done.stderr, f"a value was taken for an option: {done.stderr}")


@test
def help_says_what_is_sent(world):
    done = world.trust("--help")
    expect(done.returncode == 0 and not done.stderr, f"exit {done.returncode}")
    for needle in ("--chain FILE.pem", "--root", "--at", "--warn-days", "--crit-days", "--no-revocation", "Sent: no credentials"):
        expect(needle in done.stdout, f"{needle} is not in --help")
    for needle in ("--mailbox", "--password", "--org", "--store"):
        expect(needle not in done.stdout, f"--help names {needle}")
    text = world.exray("test", "service-account", "--help").stdout
    expect("--warn-days" in text and "--chain" not in text and "Sent: the mailbox address" in text, text)
    listed = world.exray("test", "--list").stdout.split("\n")
    expect([line.split(" ")[0] for line in listed if line] == ["service-account", "autodiscover", "ssl-trust"], listed)


@test
def files_that_cannot_be_used_are_66_and_nothing_of_them_is_shown(world):
    world.chain()
    (world.folder / "empty.pem").write_text("")
    (world.folder / "torn.pem").write_text("-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUX2\n-----END CERTIFICATE-----\n")
    key = (world.folder / "leaf.key").read_text()
    for name in ("nowhere.pem", "empty.pem", "leaf.key", ".", "torn.pem"):
        for words in (["--chain", name], ["--chain", "chain.pem", "--root", name], ["--chain", "chain.pem", "--ca-file", name],
                      ["--chain", "chain.pem", "--root", "root.pem", "--root", name]):
            done = world.trust(*words, "--host", HOST)
            expect(done.returncode == 66 and name in done.stderr and not done.stdout, f"{words}: exit {done.returncode}, {done.stderr}")
            expect(not any(line in done.stderr for line in key.split("\n")[1:-2]), f"{words}: the key is on the terminal")


@test
def what_a_pipe_brings_is_an_input_file_too(world):
    world.chain()
    for path in ("-", "/dev/stdin"):
        for text in ("", "no certificate\n", (world.folder / "leaf.key").read_text()):
            done = world.trust("--chain", path, "--host", HOST, input=text)
            expect(done.returncode == 66 and not done.stdout, f"{path}, {text[:20]!r}: exit {done.returncode}, {done.stderr}")
    done = world.trust("--chain", "-", "--host", HOST, input="x" * (5 << 20))
    expect(done.returncode == 66 and "larger" in done.stderr and "standard input" in done.stderr, f"exit {done.returncode}, {done.stderr}")


@test
def a_certificate_that_nobody_can_read_is_a_verdict(world):
    world.chain()
    (world.folder / "odd.pem").write_text("-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n")
    odd = (world.folder / "odd.pem").read_text()
    for words in (["--chain", "odd.pem"], ["--chain", "-"], ["--chain", "leaf.pem", "--chain", "odd.pem"], ["--chain", "-", "--chain", "leaf.pem"]):
        report = world.judged(*words, "--host", HOST, exit=1, finding="tls.certificate-malformed", input=odd)
        said = report["steps"][0]["message"].lower()
        expect(("standard input" if "-" in words else "odd.pem") in said, f"{words}: {said}")
    done = world.trust("--chain", "odd.pem", "--chain", "nowhere.pem", "--host", HOST)
    expect(done.returncode == 66 and "nowhere.pem" in done.stderr, f"exit {done.returncode}, {done.stderr}")


@test
def a_key_beside_the_certificates_is_never_shown(world):
    world.chain()
    key = (world.folder / "leaf.key").read_text()
    (world.folder / "both.pem").write_text(key + (world.folder / "chain.pem").read_text())
    done = world.trust("--chain", "both.pem", "--root", "root.pem", "--host", HOST, "-v", "--json", "all.json", "--html", "all.html")
    told = done.stdout + done.stderr + (world.folder / "all.json").read_text() + (world.folder / "all.html").read_text()
    expect(done.returncode == 0, f"exit {done.returncode}: {done.stdout}{done.stderr}")
    expect(not any(line in told for line in key.split("\n")[1:-2]), "the private key is in a report")


@test
def a_sound_chain_is_trusted_and_asks_nobody(world):
    world.chain()
    report = world.offline("--host", HOST, exit=0)
    expect([step["id"] for step in report["steps"]] == ["ssl-trust"], report["steps"])
    expect(findings_of(report) == {part: [] for part in PARTS}, findings_of(report))
    expect(report["test"] == "ssl-trust" and report["sent"] == [], report["sent"])
    expect([one["role"] for one in report["facts"]["certificates"]][:2] == ["leaf", "intermediate"], report["facts"]["certificates"])
    expect(report["target"]["mailbox"] is None and report["target"]["account"] is None, report["target"])


@test
def no_packet_leaves_for_a_file(world):
    world.chain()
    done = subprocess.run(["strace", "-f", "-e", "trace=socket,connect,sendto", "-o", "calls", *world.command(
        "test", "ssl-trust", "--chain", "leaf.pem", "--root", "root.pem", "--host", HOST)], cwd=world.folder, capture_output=True, timeout=60 * FACTOR)
    calls = (world.folder / "calls").read_text()
    expect(done.returncode == 1, f"exit {done.returncode}: {done.stdout}{done.stderr}")
    expect("AF_INET" not in calls and "nscd" not in calls, calls)


@test
def names_are_judged_as_entered(world):
    world.chain()
    for host in (HOST, HOST.upper(), f"{HOST}:8443", "b\u00fccher.test", "xn--bcher-kva.test", "192.0.2.1"):
        report = world.offline("--host", host, exit=0)
        expect(report["verdict"]["status"] == "success", f"{host}: {report['verdict']}")
    for host in ("www.contoso.test", "contoso.test", "192.0.2.2", "[2001:db8::1]", "2001:db8::1"):
        expect(findings_of(world.offline("--host", host, exit=1, finding="tls.name-mismatch"))["name"] == ["tls.name-mismatch"], host)
    steps = runner.steps_of(world.offline(exit=0))
    expect(steps["ssl-trust.name"]["status"] == "skipped", "without --host the name is not judged")


@test
def a_host_that_is_none_is_a_finding_and_nothing_is_sent(world):
    world.chain()
    rows = [("https://mail.contoso.test/EWS/Exchange.asmx", "the host alone, mail.contoso.test"), ("anna@contoso.test", "the host alone"),
            ("2001:db8::1:99999", "in brackets"), ("mail.contoso.test:99999", "65535"), ("mail..contoso.test", "mail..contoso.test"), ("", "empty")]
    for host, needle in rows:
        for words in (["--host", host], ["--host", host, "--chain", "chain.pem"]):
            report = world.judged(*words, exit=1, finding="input.host-invalid")
            said = report["steps"][0]["message"]
            expect(needle in said and report["sent"] == [], f"{words}: {said}, {report['sent']}")


@test
def credentials_in_a_host_are_not_repeated(world):
    done = world.trust("--host", "https://anna:S3cretS3cret@mail.contoso.test/", "-v", "--json", "a.json", "--html", "a.html")
    told = done.stdout + done.stderr + (world.folder / "a.json").read_text() + (world.folder / "a.html").read_text()
    expect(done.returncode == 1 and "S3cretS3cret" not in told, told[:2000])


@test
def only_the_roots_named_are_trusted_and_any_of_them(world):
    world.chain()
    roots = lambda *names: [word for name in names for word in ("--root", name)]
    for names in (["root.pem"], ["other.pem", "root.pem"], ["root.pem", "other.pem"]):
        world.judged("--chain", "chain.pem", "--host", HOST, *roots(*names), exit=0)
    report = world.judged("--chain", "chain.pem", "--host", HOST, *roots("other.pem"), exit=1, finding="tls.untrusted-root")
    expect(findings_of(report)["name"] == [], "the name is in order all the same")
    world.judged("--chain", "chain.pem", "--host", HOST, exit=1, finding="tls.untrusted-root")
    world.judged("--chain", "chain.pem", "--host", HOST, "--ca-file", "root.pem", exit=0)
    environment = {**os.environ, "SSL_CERT_FILE": str(world.folder / "root.pem")}
    world.judged("--chain", "chain.pem", "--host", HOST, exit=0, env=environment)
    world.judged("--chain", "chain.pem", "--host", HOST, *roots("other.pem"), exit=1, finding="tls.untrusted-root", env=environment)


@test
def a_missing_intermediate_is_named(world):
    world.chain()
    report = world.judged("--chain", "leaf.pem", "--root", "root.pem", "--host", HOST, exit=1, finding="tls.chain-incomplete")
    missing = [one for one in report["facts"]["certificates"] if one["missing"]]
    expect(len(missing) == 1 and "Contoso Issuing" in missing[0]["subject"], missing)


@test
def dates_are_judged_as_of_the_moment_given(world):
    world.chain()
    rows = [(days_on(1), 0, None), ("2001-01-01T00:00:00Z", 1, "tls.not-yet-valid"), (days_on(101), 1, "tls.expired"),
            (days_on(1).replace("Z", "+00:00"), 0, None), ("9999-12-31T23:59:59Z", 1, "tls.expired"), ("1970-01-01T00:00:00Z", 1, "tls.not-yet-valid"),
            ("1960-01-01T00:00:00.5-12:00", 1, "tls.not-yet-valid")]
    for moment, code, finding in rows:
        world.offline("--host", HOST, "--at", moment, exit=code, finding=finding)


@test
def thresholds_make_a_warning_and_then_an_error(world):
    world.chain()
    near, nearer = days_on(80), days_on(95)
    soon = "tls.expires-soon"
    rows = [([], days_on(1), 0, None), ([], near, 0, soon), (["--fail-on", "warning"], near, 1, soon), ([], nearer, 1, soon),
            (["--warn-days", "10"], near, 0, None), (["--warn-days", "3"], nearer, 0, None), (["--crit-days", "3"], nearer, 0, soon),
            (["--crit-days", "0"], nearer, 0, soon), (["--crit-days", "25"], near, 1, soon), (["--crit-days", "90"], days_on(20), 1, soon),
            (["--warn-days", "0"], nearer, 0, None)]
    for words, moment, code, finding in rows:
        world.offline("--host", HOST, "--at", moment, *words, exit=code, finding=finding)


@test
def ignored_trust_covers_trust_alone(world):
    world.chain()
    untrusted = ["--chain", "chain.pem", "--root", "other.pem", "--ignore-trust"]
    report = world.judged(*untrusted, "--host", HOST, exit=0, finding="tls.trust-ignored")
    expect(report["verdict"]["status"] == "warning" and report["target"]["ignore_trust"], report["verdict"])
    world.judged(*untrusted, "--host", "www.contoso.test", exit=1, finding="tls.name-mismatch")
    world.judged(*untrusted, "--host", HOST, "--at", days_on(200), exit=1, finding="tls.expired")


@test
def a_chain_may_come_through_a_pipe(world):
    world.chain()
    chain = (world.folder / "chain.pem").read_text()
    for path in ("/dev/stdin", "-"):
        done = world.trust("--chain", path, "--root", "root.pem", "--host", HOST, input=chain)
        expect(done.returncode == 0, f"{path}: exit {done.returncode}: {done.stdout}{done.stderr}")
    near, far = socket.socketpair()
    with near, far:
        far.sendall(chain.encode())
        far.shutdown(socket.SHUT_WR)
        done = world.trust("--chain", "-", "--root", "root.pem", "--host", HOST, stdin=near)
    expect(done.returncode == 0 and "standard input" in done.stdout, f"a socket: exit {done.returncode}: {done.stdout}{done.stderr}")


@test
def a_chain_may_be_spread_over_files(world):
    world.chain()
    parts = ["--chain", "leaf.pem", "--chain", "middle.pem"]
    report = world.judged(*parts, "--root", "root.pem", "--host", HOST, exit=0)
    expect(report["target"]["chain_file"] == "leaf.pem", report["target"])
    details = [detail["value"] for detail in report["steps"][0]["details"]]
    expect({"leaf.pem", "middle.pem"} <= set(details), details)
    expect(findings_of(report) == findings_of(world.offline("--host", HOST, exit=0)), "the same as in one file")
    world.judged("--chain", "leaf.pem", "--chain", "-", "--root", "root.pem", "--host", HOST, exit=0, input=(world.folder / "middle.pem").read_text())
    world.judged("--chain", "middle.pem", "--chain", "leaf.pem", "--root", "root.pem", "--host", HOST, exit=1,
                 finding="tls.name-mismatch")  # the first certificate counts as the server's


@test
def offline_nothing_is_left_open_and_no_server_is_asked_for(world):
    world.chain()
    rows = [(["--chain", "leaf.pem"], "tls.chain-incomplete"), (["--chain", "chain.pem", "--at", days_on(200)], "tls.expired"),
            (["--chain", "chain.pem", "--at", "2001-01-01T00:00:00Z"], "tls.not-yet-valid")]
    for words, finding in rows:
        verdict = world.judged(*words, "--root", "root.pem", exit=1, finding=finding)["verdict"]
        told = json.dumps(verdict)
        expect(HOST in verdict["title"] and "<host>" not in told and "<domain>" not in told, told)
        expect("s_client" not in told and words[1] in told, told)


@test
def ignored_trust_says_nothing_of_a_password(world):
    world.chain()
    done = world.trust("--chain", "chain.pem", "--root", "other.pem", "--ignore-trust", "--host", HOST, "--no-color")
    expect(done.returncode == 0 and "TRUST WAS IGNORED" in done.stdout, done.stdout)
    for lie in ("account", "could have read", "No password was sent"):
        expect(lie not in done.stdout, f"{lie}: {done.stdout}")


@test
def the_remedy_repeats_this_test(world):
    world.chain()
    report = world.judged("--host", f"{HOST}:1", "--resolve", f"{HOST}:1:127.0.0.1", exit=1, finding="tcp.refused")
    commands = " ".join(line["command"] or "" for line in report["verdict"]["remedy"])
    expect("service-account" not in commands and "<mailbox>" not in commands, commands)


@test
def a_sound_server_is_trusted_and_gets_no_credentials(world):
    network = world.start()
    report = world.judged("--host", HOST, *network, exit=0)
    expect([step["id"] for step in report["steps"]] == ["input", "endpoint", "ssl-trust"], report["steps"])
    expect(report["verdict"]["status"] == "success", report["verdict"])
    expect({one["credentials"] for one in report["sent"]} == {"none"}, report["sent"])
    expect(report["facts"]["ews_url"] is None and report["facts"]["addresses"], report["facts"])
    seen, _, _ = world.simulator.stop()
    world.simulator = None
    expect(not seen.get("credentials_sent_to"), seen)
    log = world.folder / "requests.log"
    expect(not log.exists() or b"Authorization" not in log.read_bytes(), "credentials in a request")


@test
def a_server_and_its_chain_in_a_file_are_judged_alike(world):
    """Each defect of the simulated host shows in the same parts, with the same findings."""
    for defect in ({}, {"from_days": -400, "to_days": -3}, {"from_days": 2, "to_days": 90}, {"san": ["www.contoso.test"]}, {"send": ["leaf"]},
                   {"key": "RSA:1024"}):
        compare(world, defect)


def compare(world, defect):
    base = json.loads((runner.BASE / "healthy-exchange-se.json").read_text())
    hosts = [{**base["hosts"][0], "certificate": {**base["hosts"][0]["certificate"], **defect}}, *base["hosts"][1:]]
    network = world.start(hosts=hosts)
    ready = world.simulator.ready
    live = world.trust("--host", HOST, *network, "--json", "-")
    shown = world.openssl("s_client", "-connect", f"127.0.0.2:{ready['https']}", "-servername", HOST, "-showcerts", "-cipher", "ALL:@SECLEVEL=0",
                          stdin=subprocess.DEVNULL).stdout
    (world.folder / "shown.pem").write_bytes(shown)
    file = world.trust("--chain", "shown.pem", "--root", ready["ca_file"], "--host", HOST, "--json", "-")
    world.simulator.stop()
    world.simulator = None
    told = [json.loads(done.stdout) for done in (live, file)]
    expect(live.returncode == file.returncode, f"{defect}: exit {live.returncode} of the server, {file.returncode} of the file")
    expect(findings_of(told[0]) == findings_of(told[1]), f"{defect}: {findings_of(told[0])} of the server, {findings_of(told[1])} of the file")
    expect(told[0]["verdict"]["finding"] == told[1]["verdict"]["finding"], f"{defect}: {[one['verdict']['finding'] for one in told]}")


@test
def a_server_is_judged_by_the_thresholds_too(world):
    base = json.loads((runner.BASE / "healthy-exchange-se.json").read_text())
    hosts = [{**base["hosts"][0], "certificate": {**base["hosts"][0]["certificate"], "from_days": -300, "to_days": 5}}, *base["hosts"][1:]]
    network = world.start(hosts=hosts)
    soon = "tls.expires-soon"
    world.judged("--host", HOST, *network, exit=1, finding=soon)
    world.judged("--host", HOST, *network, "--crit-days", "3", exit=0, finding=soon)
    world.judged("--host", HOST, *network, "--warn-days", "3", exit=0)
    words = ["test", "service-account", "--mailbox", "anna@contoso.test", "--account", "CONTOSO\\svc-exray", "--password-file", "pw", *network, "--json", "-"]
    for more, code, status in (([], 0, "success"), (["--crit-days", "7"], 1, "success"), (["--warn-days", "3"], 0, "success")):
        done = world.exray(*words, *more)
        steps = runner.steps_of(json.loads(done.stdout))
        expect(done.returncode == code, f"service-account {more}: exit {done.returncode}, not {code}")
        expect(steps["inbox"]["status"] == status, f"service-account {more}: the mailbox is reachable today, inbox {steps['inbox']['status']}")


@test
def a_certificate_of_days_is_told_of_only_when_thresholds_are_given(world):
    base = json.loads((runner.BASE / "healthy-exchange-se.json").read_text())
    hosts = [{**base["hosts"][0], "certificate": {**base["hosts"][0]["certificate"], "from_days": -2, "to_days": 4}}, *base["hosts"][1:]]
    network = world.start(hosts=hosts)
    soon = "tls.expires-soon"
    for words, code, finding in (([], 0, None), (["--warn-days", "5"], 0, soon), (["--crit-days", "5"], 1, soon)):
        world.judged("--host", HOST, *network, *words, exit=code, finding=finding)


@test
def reports_of_every_kind_are_written(world):
    world.chain()
    done = world.trust("--chain", "chain.pem", "--root", "root.pem", "--host", HOST, "--json", "a.json", "--html", "a.html", "--no-color")
    expect(done.returncode == 0 and "is trusted" in done.stdout, done.stdout + done.stderr)
    expect("<!DOCTYPE html>" in (world.folder / "a.html").read_text(), "the page")
    jsonschema.validate(json.loads((world.folder / "a.json").read_text()), SCHEMA)
    done = world.trust("--chain", "leaf.pem", "--root", "root.pem", "-q", "--no-color")
    expect(done.returncode == 1 and "tls.chain-incomplete" in done.stdout, done.stdout)


if __name__ == "__main__":
    sys.exit(suite.main())
