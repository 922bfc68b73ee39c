#!/usr/bin/env python3
"""exray check as a process, on the simulated organisation: what it finds, whom it asks how often, when it stops, how it goes on.

usage: check.py --bin BUILD_DIR [NAME...]
Ends with "N passed, N failed". EXRAY_TIME_FACTOR widens the time bounds. The simulator writes a line for each request and each refused
log-on (exray-sim --requests): what a client says of itself is held against that.
"""
import collections, csv, io, json, os, pathlib, signal, sqlite3, stat, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import scenario as runner
from harness import FACTOR, Suite, World, expect, network_options, own_environment

SCHEMA = runner.ROOT / "reports" / "schema" / "check-1.schema.json"
URL = "https://mail.contoso.test/EWS/Exchange.asmx"
JOBS = 20


def same(what, actual, expected):
    expect(actual == expected, f"{what}: {actual!r}, expected {expected!r}")


def address(number, width=5):
    return f"user{number:0{width}}@contoso.test"


class Bulk(World):
    """A folder with a store, a simulator at a time, and the program."""

    def __init__(self, binaries, folder):
        super().__init__(binaries, folder, own_environment(folder))
        self.network, self.starts = [], 0
        (folder / "wrong").write_text("Not-The-Passw0rd\n")

    def start(self, base="healthy-exchange-se", logs=False, **changes):
        """Starts the organisation: that of a base, with these top-level keys over it. Starting again replaces it. logs: what came goes into
        the file "came", byte by byte."""
        self.stop()
        self.starts += 1
        whole = {**runner.load(runner.BASE / f"{base}.json"), **changes}
        whole.pop("extends", None)  # load() has laid the bases below it
        path = self.folder / f"scenario{self.starts}.json"
        path.write_text(json.dumps(whole))
        self.log = self.folder / f"requests{self.starts}.jsonl"
        self.seen = self.folder / f"seen{self.starts}.json"
        self.simulator = subprocess.Popen([self.bin / "exray-sim", "--scenario", path, "--state", self.folder / f"sim{self.starts}",
                                           "--seen", self.seen, "--requests", self.log, *(["--log", self.folder / "came"] if logs else [])],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.simulator.stdout.readline()
        expect(line, "exray-sim did not start: " + (self.simulator.stderr.read().decode() if not line else ""))
        self.network = network_options(json.loads(line))

    def stop(self):
        """Ends the simulator; gives what it saw, and its requests."""
        if not self.simulator:
            return None, []
        self.simulator.send_signal(signal.SIGTERM)
        _, errors = self.simulator.communicate(timeout=30 * FACTOR)
        code, self.simulator = self.simulator.returncode, None
        expect(code == 0, f"exray-sim ended with {code}: {errors.decode()[-2000:]}")
        return json.loads(self.seen.read_text()), self.requests()

    def requests(self):
        whole = self.log.read_text()
        return [json.loads(line) for line in whole[:whole.rfind("\n") + 1].splitlines()]

    def exray(self, *words, code=None):
        done = super().exray(*words, timeout=300 * FACTOR, stdin=subprocess.DEVNULL)
        expect(code is None or done.returncode == code,
               f"exray {' '.join(map(str, words[:6]))}...: exit {done.returncode}, expected {code}: {(done.stdout + done.stderr)[-1500:]}")
        expect("ERROR: " not in done.stderr and "ThreadSanitizer" not in done.stderr, done.stderr[-3000:])
        return done

    def store(self, *words, code=0):
        return self.exray(*words, "--store", "store.db", "--no-input", code=code)

    def add_org(self, *more, name="bulk", kind="exchange-impersonation", password="pw", account="CONTOSO\\svc-exray", url=URL,
                domain="contoso.test"):
        words = ["org", "add", name, "--access-type", kind]
        for option, value in (("--ews-url", url), ("--domain", domain), ("--account", account), ("--password-file", password)):
            words += [option, value] if value else []
        self.store(*words, *more)

    def add_user(self, email, *more, name="bulk", password="pw"):
        self.store("user", "add", "--org", name, email, *(["--password-file", password] if password else []), *more)

    def add_users(self, addresses, name="bulk"):
        self.import_csv("email\n" + "".join(f"{one}\n" for one in addresses), name)

    def import_csv(self, text, name="bulk", code=0):
        (self.folder / "users.csv").write_text(text)
        return self.store("user", "import", "--org", name, "users.csv", code=code)

    def words(self, *more, jobs=JOBS, name="bulk"):
        return self.command("check", name, "--store", "store.db", "--jobs", jobs, "--json", "check.json", "--no-input", *self.network, *more)

    def check(self, *more, code=None, **how):
        (self.folder / "check.json").unlink(missing_ok=True)
        done = self.exray(*self.words(*more, **how)[1:], code=code)
        return done, self.report(done)

    def report(self, done=None):
        path = self.folder / "check.json"
        expect(path.exists(), f"no report: {done.stdout + done.stderr if done else ''}")
        report = json.loads(path.read_text())
        validate(report)
        return report

    def begin(self, *more, **how):
        return subprocess.Popen(self.words(*more, **how), cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def done(self):
        if self.simulator:
            self.simulator.kill()
            self.simulator.communicate()


suite = Suite(Bulk)
test, heavy = suite.test, suite.heavy


# ---- reading reports and requests ----

def validate(report):
    same("schema", report["schema"], "exray.check/1")
    if runner.jsonschema and SCHEMA.exists():
        validator = runner.jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
        wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(report)][:3]
        expect(not wrong, f"the report does not fit its schema: {wrong}")


def causes(report):
    return {cause["finding"]: cause["users"] for cause in report["causes"]}


def findings(report):
    return {user["email"]: user["finding"] for user in report["users"]}


def statuses(report):
    return {user["email"]: user["status"] for user in report["users"]}


def summary(report):
    return {status: n for status, n in report["summary"].items() if n}


def openings(requests):
    """How often each mailbox was opened by impersonation."""
    return collections.Counter(one["impersonated"] for one in requests if one.get("operation") == "GetFolder" and one["impersonated"])


def asked(requests):
    """Every address that any request is about, but the service account's own."""
    return {one[key] for one in requests for key in ("impersonated", "mailbox") if one.get(key)}


def refusals(requests):
    return collections.Counter(one["logon_failure"] for one in requests if "logon_failure" in one)


# ---- the planted causes ----

PLANTED = {"impersonation.denied": range(1001, 1313), "mailbox.moving": range(2001, 2041), "mailbox.not-found": range(3001, 3034),
           "mailbox.disabled": range(4001, 4022), "address.alias": range(5001, 5061)}
ALL = 10000


def planted(report):
    """What fixtures/scenarios/base/bulk-10000.json has planted, and nothing else, with every user's name to it."""
    expected = {address(n): finding for finding, numbers in PLANTED.items() for n in numbers}
    wrong = {one: (found, expected.get(one)) for one, found in findings(report).items() if found != expected.get(one)}
    expect(not wrong, f"{len(wrong)} users have another finding than was planted: {list(wrong.items())[:5]}")
    same("users", len(report["users"]), ALL)
    same("users told twice", len(findings(report)), ALL)
    same("causes", causes(report), {finding: len(numbers) for finding, numbers in PLANTED.items()})
    bad = sum(len(numbers) for finding, numbers in PLANTED.items() if finding != "address.alias")
    same("summary", summary(report), {"success": ALL - bad - 60, "warning": 60, "error": bad})


def with_ten_thousand(world, **changes):
    world.start(base="bulk-10000", **changes)
    world.add_org()
    world.add_users(map(address, range(1, ALL + 1)))


@heavy
def ten_thousand_users_with_five_planted_causes(world):
    with_ten_thousand(world)
    done, report = world.check(code=1)
    planted(report)
    seen, requests = world.stop()
    expect(done.stdout.count("impersonation.denied") + done.stdout.count("312") < 12, "the cause is told once, not 312 times")
    expect("312" in done.stdout, f"the number of users of a cause is told: {done.stdout[:1500]}")
    for finding in ("impersonation.denied", "mailbox.moving"):
        titles = [cause["title"] for cause in report["causes"] if cause["finding"] == finding]
        expect(len(titles) == 1 and titles[0], f"title of {finding}: {titles}")
    same("log-on failures", seen["logon_failures"], 0)
    twice = {one: n for one, n in openings(requests).items() if n > 1}
    expect(not twice, f"asked more than once: {list(twice.items())[:5]}")
    same("mailboxes opened", set(openings(requests)), {address(n) for n in range(1, ALL + 1)})
    expect(sum("operation" in one for one in requests) <= 2 * ALL + 10, f"{len(requests)} requests for {ALL} users")
    expect(seen["connections"] <= JOBS + 5, f"{seen['connections']} connections for {JOBS} jobs")
    expect(seen["requests"] <= 2 * ALL + 3 * JOBS + 20, f"{seen['requests']} requests over HTTP, log-ons included")


@test
def basic_costs_two_requests_a_user_and_a_connection_a_job(world):
    users = 400
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users(map(address, range(1, users + 1)))
    for jobs in (1, 7, 20):
        world.start(base="bulk-10000")
        _, report = world.check("--auth", "basic", jobs=jobs, code=0)
        same("summary", summary(report), {"success": users})
        seen, requests = world.stop()
        expect(seen["connections"] <= jobs + 4, f"{seen['connections']} connections for {jobs} jobs")
        # The simulator may notice the end of those that came before, one after the other, a little late.
        expect(seen["max_connections"] <= jobs + 3, f"{seen['max_connections']} connections at once for {jobs} jobs")
        expect(seen["requests"] <= 2 * users + 10, f"{seen['requests']} requests for {users} users")
        expect(report.get("requests", seen["requests"]) <= seen["requests"], "the report claims more requests than there were")


# ---- interruption ----

def folders(requests):
    return sum(one.get("operation") == "GetFolder" for one in requests)


def opened_so_far(world, at_least, process, count=lambda requests: len(openings(requests))):
    limit = time.monotonic() + 120 * FACTOR
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise AssertionError(f"the check ended by itself with {process.returncode}: {process.stderr.read().decode()[-1500:]}")
        if count(world.requests()) >= at_least:
            return
        time.sleep(0.02)
    raise AssertionError(f"{at_least} users were not reached in time")


def resumed(world, kills):
    """The counts of an undisturbed run; nobody asked again but who was in flight at an interruption; nobody forgotten."""
    _, report = world.check("--resume", code=1)
    planted(report)
    _, requests = world.stop()
    opened = openings(requests)
    twice = {one: n for one, n in opened.items() if n > 1}
    expect(len(twice) <= 2 * JOBS * kills, f"{len(twice)} users were asked again after {kills} interruptions, e.g. {list(twice.items())[:5]}")
    expect(max(opened.values()) <= 1 + kills, f"asked {max(opened.values())} times with {kills} interruptions")
    same("users never asked", {address(n) for n in range(1, ALL + 1)} - set(opened), set())


@heavy
def a_check_that_was_killed_goes_on_where_it_was(world):
    with_ten_thousand(world)
    process = world.begin()
    opened_so_far(world, 3000, process)
    process.kill()
    process.communicate()
    expect(not (world.folder / "check.json").exists(), "a killed check leaves no report")
    resumed(world, kills=1)


@heavy
def killed_three_times_it_still_asks_everybody_once(world):
    with_ten_thousand(world)
    for kill, at_least in enumerate((1, 2500, 6000)):
        process = world.begin(*(["--resume"] if kill else []))
        opened_so_far(world, at_least, process)
        process.kill()
        process.communicate()
    resumed(world, kills=3)


@test
def a_signal_ends_a_check_with_what_it_has_and_it_goes_on(world):
    with_ten_thousand(world)
    process = world.begin("--jsonl", "users.jsonl")
    opened_so_far(world, 3000, process)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, errors = process.communicate(timeout=60 * FACTOR)
    expect(time.monotonic() - sent < 2 * FACTOR, f"took {time.monotonic() - sent:.1f} s to end")
    same(f"exit code ({errors.decode()[-300:]})", process.returncode, 130)
    report = world.report()
    finished = len(report["users"])
    expect(2900 <= finished < ALL, f"{finished} users in the partial report")
    same("users by status", sum(report["summary"].values()), finished)
    lines = [json.loads(line) for line in (world.folder / "users.jsonl").read_text().splitlines()]
    same("lines of --jsonl", len({line["email"] for line in lines}), finished)
    before = openings(world.requests())
    _, report = world.check("--resume", "--jsonl", "users.jsonl", code=1)
    planted(report)
    lines = [json.loads(line) for line in (world.folder / "users.jsonl").read_text().splitlines()]
    same("lines of both", (len(lines), len({line["email"] for line in lines})), (ALL, ALL))
    _, requests = world.stop()
    again = [one for one, n in openings(requests).items() if n > 1]
    expect(len(again) <= 2 * JOBS, f"{len(again)} users were asked again")
    told = {user["email"] for user in report["users"]}
    expect(set(before) <= told, "somebody was forgotten")


@test
def there_is_nothing_to_resume_after_a_whole_check(world):
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users([address(1)])
    done = world.exray(*world.words("--resume")[1:], code=78)
    expect("bulk" in done.stderr, done.stderr)
    world.check(code=0)
    world.exray(*world.words("--resume")[1:], code=78)


def slow(ms, mailbox):
    """So that a check of few users can be met in its middle."""
    return {"layer": "ews", "at": {"operation": "GetFolder", "mailbox": mailbox}, "do": "delay", "ms": int(ms * FACTOR)}


def killed(world, process):
    """Gives the requests that there were before."""
    process.kill()
    process.communicate()
    return world.stop()[1]


def killed_after(world, at_least, **how):
    """A check that ended with kill -9 when so many folders had been asked for."""
    process = world.begin(**how)
    opened_so_far(world, at_least, process, folders)
    return killed(world, process)


SECOND = {"logon": "CONTOSO\\svc-two", "password": "Sim-Passw0rd", "mailbox": "svc-exray@contoso.test", "may_impersonate": ["mobile-users"]}
SHARED = (1, 150, 151)  # users of one account: the first of the list, and its end
ALONE = range(101, 113)


def add_shared(world):
    """Twelve users with an account each, and around them three who share one, with a wrong password."""
    world.add_org(kind="direct-logon", password=None, account=None)
    for n in SHARED:
        world.add_user(address(n), "--user-name", address(1), password="wrong")
    for n in ALONE:
        world.add_user(address(n))


def start_shared(world):
    everybody = [*SHARED, *ALONE]
    world.start(base="bulk-10000", accounts=accounts(everybody), faults=[slow(150, "user001??@contoso.test")])


@heavy
def a_refused_password_is_not_tried_again_after_an_interruption(world):
    add_shared(world)
    start_shared(world)
    requests = killed_after(world, 4, jobs=2)
    same("log-on failures before", refusals(requests), {"CONTOSO\\user00001": 1})
    start_shared(world)
    _, report = world.check("--resume", jobs=2, code=1)
    _, requests = world.stop()
    same("log-on failures after", refusals(requests), {})
    same("findings", findings(report), {**{address(n): "logon.rejected" for n in SHARED}, **{address(n): None for n in ALONE}})


@heavy
def with_a_new_password_a_refused_user_is_asked_when_the_check_goes_on(world):
    add_shared(world)
    start_shared(world)
    killed_after(world, 4, jobs=2)
    for n in SHARED:
        world.store("user", "set", "--org", "bulk", address(n), "--password-file", "pw")
    start_shared(world)
    _, report = world.check("--resume", jobs=2, code=0)
    _, requests = world.stop()
    same("log-on failures", refusals(requests), {})
    same("users", set(findings(report)), {address(n) for n in (*SHARED, *ALONE)})
    expect("CONTOSO\\user00001" in {one["account"] for one in requests if "account" in one}, "the new password was not used")


@heavy
def with_a_new_password_of_the_organisation_its_users_are_asked_when_the_check_goes_on(world):
    """The organisation's account is refused; users with a service account of their own keep the check going meanwhile."""
    base = runner.load(runner.BASE / "bulk-10000.json")
    organisation = {"base": "bulk-10000", "accounts": [*base["accounts"], SECOND], "faults": [slow(150, "user001??@contoso.test")]}
    world.add_org(password="wrong")
    world.add_users(map(address, range(1, 6)))
    for n in ALONE:
        world.add_user(address(n), "--account", "CONTOSO\\svc-two")
    world.start(**organisation)
    requests = killed_after(world, 5, jobs=2)
    same("log-on failures before", refusals(requests), {"CONTOSO\\svc-exray": 1})
    world.store("org", "set", "bulk", "--password-file", "pw")
    world.start(**organisation)
    _, report = world.check("--resume", jobs=2, code=0)
    _, requests = world.stop()
    same("log-on failures after", refusals(requests), {})
    same("summary", summary(report), {"success": 17})
    expect(set(openings(requests)) >= {address(n) for n in range(1, 6)}, "those of the organisation's account were not asked again")


def in_the_middle(world, users=40, ms=100):
    """A check of users who answer slowly has begun, and is so far that it knows its way."""
    world.start(base="bulk-10000", faults=[slow(ms, "user000??@contoso.test")])
    world.add_org()
    world.add_users(map(address, range(1, users + 1)))
    process = world.begin(jobs=2)
    opened_so_far(world, 5, process)
    return process


@heavy
def a_second_check_of_the_organisation_is_told_of_the_first(world):
    process = in_the_middle(world, ms=400)  # six commands must find it running, also on a busy machine
    world.add_org(name="other")
    world.add_users([address(101)], name="other")
    for more in ([], ["--resume"], ["--user", address(3)], ["--only-failed"]):
        second = world.command("check", "bulk", "--store", "store.db", "--json", "second.json", "--no-input", *world.network, *more)
        done = world.exray(*second[1:], code=75)
        expect(str(process.pid) in done.stderr and "running" in done.stderr, f"{more}: {done.stderr!r} does not name process {process.pid}")
        expect(not (world.folder / "second.json").exists(), f"{more}: there is a report")
    other = world.command("check", "other", "--store", "store.db", "--no-input", *world.network)
    world.exray(*other[1:], code=0)
    expect(process.poll() is None, "the first check had ended before the others were tried")
    _, errors = process.communicate(timeout=60 * FACTOR)
    same(f"exit code of the first ({errors.decode()[-300:]})", process.returncode, 0)
    report = world.report()
    same("the first", (report["end"], summary(report)), ("finished", {"success": 40}))
    _, requests = world.stop()
    same("asked twice", {one: n for one, n in openings(requests).items() if n > 1}, {})


@test
def a_single_user_may_be_checked_while_an_interrupted_check_waits(world):
    requests = killed(world, in_the_middle(world))
    world.start(base="bulk-10000")
    _, report = world.check("--user", address(40), code=0)
    same("the single one", findings(report), {address(40): None})
    world.start(base="bulk-10000")
    _, report = world.check("--resume", code=0)
    same("summary", summary(report), {"success": 40})
    opened = openings(requests)
    opened.update(openings(world.stop()[1]))
    same("never asked", {address(n) for n in range(1, 41)} - set(opened), set())
    expect(sum(opened.values()) <= 40 + 1 + 2 * 2, f"asked {sum(opened.values())} times for 40 users, of whom one was checked twice")


# ---- log-on ----

@test
def a_wrong_password_is_tried_once_for_all(world):
    world.start(base="bulk-10000")
    world.add_org(password="wrong")
    world.add_users(map(address, range(1, 61)))
    for scheme in ((), ("--auth", "basic")):
        world.start(base="bulk-10000")
        _, report = world.check(*scheme, code=1)
        seen, requests = world.stop()
        same(f"log-on failures {scheme}", seen["logon_failures"], 1)
        same("findings", set(findings(report).values()), {"logon.rejected"})
        same("causes", causes(report), {"logon.rejected": 60})
        same("summary", summary(report), {"error": 60})
        same("mailboxes asked", asked(requests), set())


def accounts(numbers, password="Sim-Passw0rd"):
    return [{"logon": f"CONTOSO\\user{n:05}", "upn": address(n), "password": password, "mailbox": address(n)} for n in numbers]


def add_direct(world, numbers, wrong):
    world.add_org(kind="direct-logon", password=None, account=None)
    for n in numbers:
        world.add_user(address(n), password="wrong" if n in wrong else "pw")


@test
def direct_users_log_on_each_for_himself_and_once(world):
    numbers, wrong = range(1, 13), {1, 2, 7}
    add_direct(world, numbers, wrong)
    for scheme in ((), ("--auth", "basic")):
        world.start(base="bulk-10000", accounts=accounts(numbers))
        _, report = world.check(*scheme, jobs=4, code=1)
        seen, requests = world.stop()
        same("findings", findings(report), {address(n): "logon.rejected" if n in wrong else None for n in numbers})
        same(f"log-on failures {scheme}", refusals(requests), {f"CONTOSO\\user{n:05}": 1 for n in wrong})
        same("impersonation", {one["impersonated"] for one in requests if "operation" in one}, {None})
        each = collections.Counter(one["account"] for one in requests if one.get("operation") == "GetFolder")
        expect(each and max(each.values()) <= 2, f"GetFolder as {each}")


@test
def the_same_refused_account_is_not_used_for_another_user(world):
    """Two users with one account of their own: the second is told, not tried."""
    world.add_org(kind="direct-logon", password=None, account=None)
    for n in (1, 2, 3):
        world.add_user(address(n), "--user-name", address(1 if n < 3 else 3), password="wrong" if n < 3 else "pw")
    world.start(base="bulk-10000", accounts=accounts((1, 3)))
    _, report = world.check(jobs=1, code=1)
    seen, _ = world.stop()
    same("findings", findings(report), {address(1): "logon.rejected", address(2): "logon.rejected", address(3): None})
    same("log-on failures", seen["logon_failures"], 1)


@test
def one_account_under_several_names_is_refused_once(world):
    """DOMAIN\\user, UPN and the domain's DNS name: the directory counts their wrong passwords together."""
    names = ("CONTOSO\\svc-exray", "svc-exray@contoso.test", "contoso.test\\SVC-EXRAY")
    world.start()
    world.add_org(kind="direct-logon", password=None, account=None)
    for n, name in enumerate(names):
        world.add_user(address(n), "--user-name", name, password="wrong")
    _, report = world.check(jobs=4, code=1)
    seen, _ = world.stop()
    same("findings", set(findings(report).values()), {"logon.rejected"})
    same("wrong passwords", seen["attempts"]["CONTOSO\\svc-exray"]["wrong_password"], 1)


@test
def the_end_of_support_is_told_once_of_the_group(world):
    """By impersonation and by direct logon alike; no user becomes a warning, and --fail-on warning sees it."""
    world.start(base="healthy-exchange-2016")
    world.add_org(name="all")
    world.add_users(["anna@contoso.test"], name="all")
    world.add_org(name="each", kind="direct-logon", password=None, account=None)
    world.add_user("svc-exray@contoso.test", "--user-name", "CONTOSO\\svc-exray", name="each")
    for name in ("all", "each"):
        _, report = world.check(code=0, name=name)
        same(f"findings, {name}", set(findings(report).values()), {None})
        same(f"groups, {name}", [group["finding"] for group in report["groups"]], ["ews.server-out-of-support"])
        world.check("--fail-on", "warning", code=1, name=name)


@test
def what_the_check_has_not_is_refused(world):
    world.add_org()
    done = world.exray(*world.words("--auth", "negotiate")[1:], code=64)
    expect("negotiate" in done.stderr, done.stderr)
    expect("negotiate" not in world.exray("check", "--help", code=0).stdout, "--help names it")


@test
def a_user_whose_own_mailbox_is_ill_does_not_stand_for_the_others(world):
    """Each logs on as himself, so the first one's mailbox says nothing of the second's."""
    numbers = range(1, 7)
    add_direct(world, numbers, ())
    for what, finding in (({"state": "moving"}, "mailbox.moving"), ({"ews_enabled": False}, "ews.disabled")):
        users = {"count": 6, "digits": 5, "user": {"smtp": "user{n}@contoso.test"}, "sets": [{"from": 1, "user": what}]}
        world.start(many_users=[users], accounts=accounts(numbers))
        _, report = world.check(jobs=4, code=1)
        seen, requests = world.stop()
        same("findings", findings(report), {address(n): finding if n == 1 else None for n in numbers})
        same("log-on failures", seen["logon_failures"], 0)
        same("accounts seen", {one["account"] for one in requests if "account" in one}, {f"CONTOSO\\user{n:05}" for n in numbers})
        same("impersonation", {one["impersonated"] for one in requests if "operation" in one}, {None})


@test
def twenty_users_with_one_account_prove_its_password_once(world):
    """Side by side, because the user before them has shown the way."""
    shared = range(2, 22)
    add_direct(world, [1], ())
    for n in shared:
        world.add_user(address(n), "--user-name", address(2), password="wrong")
    for scheme in ((), ("--auth", "basic")):
        world.start(base="bulk-10000", accounts=accounts([1, 2]))
        _, report = world.check(*scheme, jobs=20, code=1)
        _, requests = world.stop()
        same(f"log-on failures {scheme}", refusals(requests), {"CONTOSO\\user00002": 1})
        same("findings", findings(report), {address(1): None, **{address(n): "logon.rejected" for n in shared}})


def one_group(world):
    """Thirty users who were given one and the same service account of their own, each by himself."""
    numbers = range(1, 31)
    for n in numbers:
        world.add_user(address(n), "--access-type", "exchange-impersonation", "--account", "CONTOSO\\svc-two", "--ews-url", URL)
    world.start(base="bulk-10000", accounts=[SECOND])
    _, report = world.check(jobs=5, code=0)
    seen, requests = world.stop()
    same("summary", summary(report), {"success": 30})
    same("groups", [(group["account"], group["users"]) for group in report["groups"]], [("CONTOSO\\svc-two", 30)])
    same("asked twice", {one: n for one, n in openings(requests).items() if n > 1}, {})
    operations = sum("operation" in one for one in requests)
    expect(operations <= 2 * 30 + 3, f"{operations} operations for 30 users: the way was looked for more than once")
    expect(seen["connections"] <= 5 + 4, f"{seen['connections']} connections for 5 jobs")


@test
def users_with_the_same_account_of_their_own_are_one_group(world):
    world.add_org()
    one_group(world)


@test
def users_on_premises_of_a_hybrid_organisation_are_one_group(world):
    (world.folder / "token").write_text("eyJhbGciOi.c2ltLXRva2Vu.canary\n")
    world.add_org("--bearer-file", "token", kind="m365-oauth-impersonated", password=None, account=None)
    one_group(world)


# ---- the way to the mailboxes ----

@test
def addresses_that_autodiscover_does_not_know_are_not_all_there_is(world):
    strangers = [f"a{n}.nobody@contoso.test" for n in range(6)]
    healthy = [address(n) for n in range(1, 21)]
    world.start(base="bulk-10000")
    world.add_org(url=None)
    world.add_users([*strangers, *healthy])
    _, report = world.check(jobs=4, code=1)
    seen, requests = world.stop()
    same("findings", findings(report), {**dict.fromkeys(strangers, "autodiscover.address-not-found"), **dict.fromkeys(healthy)})
    same("log-on failures", seen["logon_failures"], 0)
    same("mailboxes opened", openings(requests), dict.fromkeys(healthy, 1))


@test
def a_server_error_that_passes_is_looked_at_again(world):
    users = [address(n) for n in range(1, 11)]
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users(users)
    world.start(base="bulk-10000", faults=[{"layer": "http", "at": {"operation": "GetFolder", "request": 1}, "do": "reply", "status": 500,
                                            "headers": [["X-FEServer", "EX01"]], "body": ""}])
    done, report = world.check("--html", "check.html", jobs=4, code=0)
    _, requests = world.stop()
    same("findings", findings(report), dict.fromkeys(users))
    same("groups", [(group["users"], group["finding"]) for group in report["groups"]], [(10, None)])
    told = done.stdout + (world.folder / "check.json").read_text() + (world.folder / "check.html").read_text()
    expect("http.server-error" not in told, "an error that has passed is told")


@test
def a_password_that_was_not_clearly_taken_is_proved_once(world):
    """Whatever is wrong behind the logon of Autodiscover may be the password: three users, one proof in the whole check, and no second look."""
    at = {"path": "*/autodiscover.xml", "who": "logged-on"}
    ends = {"an error": {"do": "reply", "status": 500, "body": ""}, "unavailable": {"do": "reply", "status": 503, "body": ""},
            "forbidden": {"do": "reply", "status": 403, "body": ""}, "a hang-up": {"do": "close"},
            "busy": {"do": "reply", "status": 503, "headers": [["Retry-After", "1"]], "body": ""}}
    world.add_org(url=None)
    world.add_users(map(address, (1, 2, 3)))
    for what, end in ends.items():
        for scheme, proof in (("basic", b"Authorization: Basic "), ("ntlm", b"Authorization: NTLM TlRMTVNTUAADAAAA")):
            world.start(base="bulk-10000", logs=True, faults=[{"layer": "http", "at": at, **end}])
            _, report = world.check("--auth", scheme, jobs=3, code=75 if what == "busy" else 1)
            world.stop()
            same(f"proofs by {scheme}, {what}", (world.folder / "came").read_bytes().count(proof), 1)
            if what == "busy":  # who asks to wait may have counted all the same
                same(f"end, {what}", report["end"], "throttled")
                continue
            same(f"users, {what}", (report["end"], summary(report)), ("finished", {"error": 3}))
            same(f"one cause, {what}", len(set(findings(report).values())), 1)


OF_THE_WAY = ("tcp.", "tls.", "http.", "dns.")


@heavy
def a_server_that_dies_ends_the_check_and_keeps_what_was_found(world):
    users = {address(n) for n in range(1, 201)}
    world.start(base="bulk-10000", faults=[slow(30, "user00???@contoso.test")])
    world.add_org()
    world.add_users(sorted(users))
    process = world.begin("--resolve", "mail.contoso.test:443:127.0.0.2", jobs=4)
    opened_so_far(world, 40, process)
    world.simulator.kill()
    killed = time.monotonic()
    world.simulator.communicate()
    world.simulator = None
    opened = openings(world.requests())
    _, errors = process.communicate(timeout=60 * FACTOR)
    expect(time.monotonic() - killed < 15 * FACTOR, f"the check went on for {time.monotonic() - killed:.1f} s")
    same(f"exit code ({errors.decode()[-300:]})", process.returncode, 1)
    report = world.report()
    found = findings(report)
    same("users", set(found), users)
    same("users by status", sum(report["summary"].values()), 200)
    kept = {one for one, finding in found.items() if not finding}
    expect(kept <= set(opened), f"told as a success without having been asked: {sorted(kept - set(opened))[:5]}")
    expect(len(kept) >= len(opened) - 2 * 4, f"{len(opened)} users were asked, {len(kept)} have kept their success")
    strange = {one: finding for one, finding in found.items() if finding and not finding.startswith(OF_THE_WAY)}
    expect(not strange, f"{len(strange)} users have a finding that is not of the way: {list(strange.items())[:5]}")
    met = [one for one in users - set(opened) if found[one] != "tcp.refused"]
    expect(len(met) <= 4, f"{len(met)} users were never asked and are not told that nobody listens, e.g. {found[met[0]] if met else ''}")
    world.start(base="bulk-10000")
    _, report = world.check("--only-failed", code=0)
    same("the rest", set(findings(report)), users - kept)


@test
def a_server_that_falls_silent_is_not_waited_for_by_every_user(world):
    users = {address(n) for n in range(1, 401)}
    world.start(base="bulk-10000", faults=[slow(30, "user00???@contoso.test")])
    world.add_org()
    world.add_users(sorted(users))
    process = world.begin("--resolve", "mail.contoso.test:443:127.0.0.2", "--step-timeout", "1", jobs=10)
    opened_so_far(world, 40, process)
    world.simulator.send_signal(signal.SIGSTOP)
    silent = time.monotonic()
    process.communicate(timeout=120 * FACTOR)
    expect(time.monotonic() - silent < 15 * FACTOR, f"the check went on for {time.monotonic() - silent:.1f} s")
    report = world.report()
    same("exit code and end", (process.returncode, report["end"]), (1, "finished"))
    same("users", set(findings(report)), users)
    strange = {one: finding for one, finding in findings(report).items() if finding and not finding.startswith(OF_THE_WAY)}
    expect(not strange, f"{len(strange)} users have a finding that is not of the way: {list(strange.items())[:5]}")


@test
def trust_that_was_ignored_is_a_warning_with_every_user(world):
    users = [address(n) for n in range(1, 11)]
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users(users)
    world.network = world.network[:world.network.index("--ca-file")]
    _, report = world.check(jobs=4, code=1)
    same("trust not ignored", set(findings(report).values()), {"tls.untrusted-root"})
    _, report = world.check("--ignore-trust", jobs=4, code=0)
    same("users", {(user["status"], user["finding"], user["step"]) for user in report["users"]}, {("warning", "tls.trust-ignored", "ssl-trust")})
    same("summary", summary(report), {"warning": 10})
    _, report = world.check("--ignore-trust", "--fail-on", "warning", jobs=4, code=1)
    same("summary", summary(report), {"warning": 10})


# ---- throttling ----

def busy(**where):
    at = {"operation": "GetFolder", **where.pop("at", {})}
    return {"layer": "ews", "at": at, "do": "fault", **{"code": "ErrorServerBusy", **where}}


@test
def throttled_users_are_asked_again_until_it_goes_over(world):
    numbers = range(1, 101)
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users(map(address, numbers))
    world.start(base="bulk-10000", faults=[busy(at={"mailbox": "user0002?@contoso.test", "request": 1, "per_mailbox": True}, back_off_ms=100)])
    _, report = world.check(jobs=4, code=0)
    same("summary", summary(report), {"success": 100})
    _, requests = world.stop()
    same("asked twice", {one for one, n in openings(requests).items() if n > 1}, {address(n) for n in range(20, 30)})


@test
def a_back_off_stops_everybody_for_as_long_as_it_says(world):
    numbers, pause_ms = range(1, 201), 1500
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users(map(address, numbers))
    for fault in (busy(at={"request": 60}, back_off_ms=pause_ms),
                  {"layer": "http", "at": {"operation": "GetFolder", "request": 60}, "do": "reply", "status": 503,
                   "headers": [["Retry-After", "2"]], "body": ""}):
        world.start(base="bulk-10000", faults=[fault])
        done, report = world.check(jobs=4, code=0)
        same("summary", summary(report), {"success": 200})
        _, requests = world.stop()
        at = [one["ms"] for one in requests if "operation" in one]
        gap = max(later - earlier for earlier, later in zip(at, at[1:]))
        expect(gap >= pause_ms - 50, f"the longest silence is {gap} ms: the others went on ({fault['layer']})")
        expect(gap <= (pause_ms + 1500) * FACTOR, f"silent for {gap} ms")


@test
def throttling_that_does_not_go_over_ends_the_check_with_75(world):
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users(map(address, range(1, 101)))
    world.start(base="bulk-10000", faults=[busy(at={"request": [40, 1000000]}, back_off_ms=50)])
    _, report = world.check(jobs=4, code=75)
    _, requests = world.stop()
    done = len(report["users"])
    expect(20 <= done < 100, f"{done} users in the report")
    expect(len(requests) < 300, f"{len(requests)} requests: it does not hammer")
    expect("ews.throttled" not in findings(report).values(), "who was put off has no result yet")
    world.start(base="bulk-10000")
    _, report = world.check("--resume", code=0)
    same("summary", summary(report), {"success": 100})
    _, requests = world.stop()
    expect(len(openings(requests)) <= 100 - done + 1, "those with a result were asked again")


@test
def what_else_is_wrong_does_not_hide_a_refused_password(world):
    """ResolveNames is refused after the folder could not be opened: with the first user, and on the way. Nobody proves the password again."""
    refused = {"layer": "http", "at": {"operation": "ResolveNames"}, "do": "reply", "status": 401,
               "headers": [["WWW-Authenticate", "Basic realm=\"mail\""]], "body": ""}
    numbers = range(1, 21)
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users(map(address, numbers))
    for code, first in (("ErrorServerBusy", 1), ("ErrorServerBusy", 8), ("ErrorMailboxMoveInProgress", 8)):
        refused["at"]["request"] = [first, 1000]
        world.start(base="bulk-10000", faults=[busy(at={"mailbox": address(first)}, code=code, back_off_ms=100), refused])
        _, report = world.check("--auth", "basic", jobs=1, code=1)
        _, requests = world.stop()
        same("ResolveNames", sum(one.get("operation") == "ResolveNames" for one in requests), first)
        same(f"findings, {code} at {first}", findings(report), {address(n): None if n < first else "logon.rejected" for n in numbers})


@test
def a_back_off_of_weeks_ends_the_check_at_once(world):
    numbers, weeks = range(1, 101), 2147483647
    def weeks_at(**at):
        return busy(at=at, back_off_ms=weeks)

    def late(n, ms):
        return {"layer": "http", "at": {"operation": "GetFolder", "mailbox": address(n)}, "do": "delay-head", "ms": ms}

    while_waiting = [busy(at={"mailbox": address(30)}, back_off_ms=60000), late(30, 300), weeks_at(mailbox=address(31)), late(31, 700)]
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users(map(address, numbers))
    for what, faults in (("first", [weeks_at(request=1)]), ("amid", [weeks_at(request=40)]), ("while waiting", while_waiting)):
        world.start(base="bulk-10000", faults=faults)
        started = time.monotonic()
        _, report = world.check(jobs=2, code=75)
        expect(time.monotonic() - started < 5 * FACTOR, f"{what}: took {time.monotonic() - started:.1f} s")
        same("end", report["end"], "throttled")
        same("findings", set(findings(report).values()) - {None}, set())
        same("back-offs", report["back_offs"], len(faults) // 2 or 1)
        _, requests = world.stop()
        expect(len(openings(requests)) < 50, f"{what}: {len(openings(requests))} users were asked")


# ---- which users ----

def thirty(world):
    """Thirty users, of whom 11 to 13 are out of scope and 21 is on the move."""
    users = {"count": 30, "digits": 5, "user": {"smtp": "user{n}@contoso.test", "scopes": ["mobile-users"]},
             "sets": [{"from": 11, "to": 13, "user": {"scopes": []}}, {"from": 21, "user": {"state": "moving"}}]}
    world.start(many_users=[users])


@test
def only_the_failed_ones_are_checked_again(world):
    thirty(world)
    world.add_org()
    world.add_users(map(address, range(1, 31)))
    _, report = world.check(code=1)
    same("causes", causes(report), {"impersonation.denied": 3, "mailbox.moving": 1})
    thirty(world)
    _, report = world.check("--only-failed", code=1)
    _, requests = world.stop()
    failed = {address(n) for n in (11, 12, 13, 21)}
    same("users", set(findings(report)), failed)
    same("asked", asked(requests), failed)
    users = [{"count": 30, "digits": 5, "user": {"smtp": "user{n}@contoso.test", "scopes": ["mobile-users"]}}]
    world.start(many_users=users)
    _, report = world.check("--only-failed", code=0)
    same("repaired", summary(report), {"success": 4})
    _, report = world.check("--only-failed", code=0)
    same("nobody is left", report["users"], [])


@test
def a_sample_and_named_users(world):
    thirty(world)
    world.add_org()
    world.add_users(map(address, range(1, 31)))
    drawn = set()
    for _ in range(4):
        _, report = world.check("--sample", "7")
        same("sample", len(findings(report)), 7)
        drawn |= set(findings(report))
    expect(len(drawn) > 7, "the same seven each time")
    _, report = world.check("--sample", "1000")
    same("a sample of more than there are", len(findings(report)), 30)
    thirty(world)
    _, report = world.check("--user", "USER00002@contoso.test", "--user", address(12), code=1)
    _, requests = world.stop()
    same("named", findings(report), {address(2): None, address(12): "impersonation.denied"})
    same("asked", {one.lower() for one in asked(requests)}, {address(2), address(12)})


# ---- exit codes ----

@test
def exit_codes_and_what_they_name(world):
    thirty(world)
    world.add_org()
    world.add_users([address(1), address(2)])
    world.check(code=0)
    (world.folder / "foreign.db").write_text("this is no store\n" * 100)
    store = ["--store", "store.db"]
    rows = [
        (["check"], 64, "name"), (["check", "bulk", "--job", "3", *store], 64, "--jobs"), (["check", "bulk", "--jobs", "0", *store], 64, "--jobs"),
        (["check", "bulk", "--jobs", "28", *store], 64, "--jobs"), (["check", "bulk", "--sample", "0", *store], 64, "--sample"),
        (["check", "bulk", "stray", *store], 64, ""), (["check", "bulk", "--user", "a@b.test", "--resume", *store], 64, "--resume"),
        (["check", "bulk", "--ca-file", "nowhere.pem", *store], 66, "nowhere.pem"), (["check", "bulk", "--ca-file", "pw", *store], 66, "pw"),
        (["check", "bulkk", *store], 78, "bulk"), (["check", "bulk", "--user", "nobody@contoso.test", *store], 78, "nobody@contoso.test"),
        (["check", "bulk", "--store", "foreign.db"], 78, "foreign.db"),
        (["check", "bulk", *store, *world.network, "--json", "no/such/folder/x.json"], 69, "no/such/folder"),
    ]
    for words, code, needle in rows:
        done = world.exray(*words, "--no-input", code=code)
        expect(needle in done.stderr, f"{words}: {done.stderr!r} does not name {needle}")
    world.add_org(name="empty")
    done = world.exray("check", "empty", *store, "--no-input", code=78)
    expect("empty" in done.stderr and "import" in done.stderr, done.stderr)
    same("the file that is no store", (world.folder / "foreign.db").read_text(), "this is no store\n" * 100)


@test
def warnings_exit_0_unless_told_otherwise(world):
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users([address(5001), address(1)])
    _, report = world.check(code=0)
    same("findings", findings(report), {address(5001): "address.alias", address(1): None})
    primary = [user["facts"].get("primary_smtp_address") for user in report["users"] if user["email"] == address(5001)]
    same("the primary address", primary, ["first.last05001@contoso.test"])
    world.check("--fail-on", "warning", code=1)


# ---- the configuration ----

def change_users(world, statement, *values):
    """What no command takes."""
    with sqlite3.connect(world.folder / "store.db") as store:
        store.execute("UPDATE user SET " + statement, values)
    store.close()


def spoil_secret(world, email):
    """One bit of the sealed password of that user is another."""
    with sqlite3.connect(world.folder / "store.db") as store:
        (uid, sealed), = store.execute("SELECT s.uid, s.bytes FROM secret s JOIN user u ON u.uid = s.uid WHERE u.email = ?", (email,))
        store.execute("UPDATE secret SET bytes = ? WHERE uid = ?", (sealed[:-1] + bytes([sealed[-1] ^ 1]), uid))
    store.close()


@test
def unreadable_secrets_of_one_account_take_nobody_along(world):
    """Four users with the same account of their own; the secrets of the first and the third are spoiled."""
    world.add_org()
    for n in range(1, 5):
        world.add_user(address(n), "--access-type", "exchange-impersonation", "--account", "CONTOSO\\svc-two", "--ews-url", URL)
    for n in (1, 3):
        spoil_secret(world, address(n))
    world.start(base="bulk-10000", accounts=[SECOND])
    _, report = world.check(code=1)
    seen, requests = world.stop()
    same("findings", findings(report), {address(1): "config.secret-unreadable", address(2): None,
                                        address(3): "config.secret-unreadable", address(4): None})
    same("groups", sorted((group["users"], group["ews_url"]) for group in report["groups"] if group["ews_url"]), [(2, URL)])
    same("mailboxes opened", openings(requests), {address(2): 1, address(4): 1})
    same("log-on failures", seen["logon_failures"], 0)


@test
def what_the_configuration_lacks_is_told_without_traffic(world):
    world.add_org(kind="direct-logon", password=None, account=None)
    for n in (1, 4, 5):
        world.add_user(address(n))
    world.import_csv(f"email,enabled\n{address(2)},yes\n{address(3)},no\nstranger@fabrikam.test,yes\n")
    world.store("user", "invalidate", "--org", "bulk", address(5))
    spoil_secret(world, address(4))
    world.start(base="bulk-10000", accounts=accounts((1, 2, 4, 5)))
    _, report = world.check(code=1)
    seen, requests = world.stop()
    found = findings(report)
    same("no password", found[address(2)], "config.incomplete")
    same("invalidated", found[address(5)], "config.incomplete")
    same("damaged", found[address(4)], "config.secret-unreadable")
    same("no password, and outside", found["stranger@fabrikam.test"], "config.incomplete")
    same("switched off", (statuses(report)[address(3)], found[address(3)]), ("skipped", None))
    same("the healthy one", found[address(1)], None)
    same("accounts seen", {one["account"] for one in requests if "account" in one}, {"CONTOSO\\user00001"})
    same("log-on failures", seen["logon_failures"], 0)
    expect(not asked(requests) & {address(n) for n in (2, 3, 4, 5)}, "somebody was asked for without need")


@test
def contradictions_and_foreign_domains_are_told(world):
    """An account without its password is never sent with the organisation's; an address outside is checked and marked."""
    world.add_org()
    world.import_csv(f"email,account\n{address(1)},\n{address(2)},CONTOSO\\other\nguest@fabrikam.test,\n")
    outside = {"smtp": "guest@fabrikam.test", "scopes": ["mobile-users"]}
    base = runner.load(runner.BASE / "bulk-10000.json")
    world.start(base="bulk-10000", users=[*base["users"], outside])
    _, report = world.check(code=1)
    _, requests = world.stop()
    same("an account without a password", findings(report)[address(2)], "config.conflict")
    same("outside of the domains", (statuses(report)["guest@fabrikam.test"], findings(report)["guest@fabrikam.test"]),
         ("warning", "config.outside-domains"))
    same("the healthy one", statuses(report)[address(1)], "success")
    expect(address(2) not in asked(requests), "the contradictory user was asked for")
    same("accounts seen", {one["account"] for one in requests if "account" in one}, {"CONTOSO\\svc-exray"})


@test
def a_password_for_exchange_online_is_not_tried(world):
    """It cannot be entered; a store in which it is nevertheless makes no traffic."""
    url = "https://outlook.office365.com/EWS/Exchange.asmx"
    world.start()
    world.add_org()
    done = world.import_csv(f"email,ews_url\n{address(1)},{url}\n", code=66)
    expect("users.csv:2" in done.stdout + done.stderr, done.stdout + done.stderr)
    world.add_users([address(1)])
    change_users(world, "ews_url = ?", url)
    _, report = world.check(code=1)
    seen, requests = world.stop()
    same("finding", findings(report)[address(1)], "input.access-type-mismatch")
    same("requests", (seen["requests"], requests), (0, []))


def start_beside_strangers(world):
    """The organisation, and one of another domain with the same software, which takes every password."""
    base = runner.load(runner.BASE / "bulk-10000.json")
    bob = {"smtp": "bob@evil.test", "scopes": ["mobile-users"]}
    evil = {"name": "mail.evil.test", "aliases": ["autodiscover.evil.test", "evil.test"], "address": "127.0.0.9",
            "serves": ["ews", "autodiscover-pox"]}
    dns = [f"{name} A a 127.0.0.9" for name in (evil["name"], *evil["aliases"])]
    world.start(base="bulk-10000", users=[*base["users"], bob], hosts=[*base["hosts"], evil], dns=[*base["dns"], *dns])


def nothing_for_strangers(seen, requests):
    same("requests for the stranger", seen["hosts"]["mail.evil.test"], {"requests": 0, "credentials": False})
    same("questions", [line for line in seen["dns_questions"] if "evil.test" in line], [])
    expect("bob@evil.test" not in asked(requests), "the stranger was asked for")


@test
def the_password_of_the_organisation_does_not_go_where_an_address_points(world):
    world.add_org(url=None)
    refused = world.import_csv("email\nbob@evil.test\n", code=66)
    expect("users.csv:2" in refused.stdout + refused.stderr, refused.stdout + refused.stderr)
    world.add_users([address(1), address(2)])
    change_users(world, "email = 'bob@evil.test' WHERE email = ?", address(1))
    start_beside_strangers(world)
    _, report = world.check(code=1)
    seen, requests = world.stop()
    same("bob", (statuses(report)["bob@evil.test"], findings(report)["bob@evil.test"]), ("error", "config.outside-domains"))
    same("the healthy one", findings(report)[address(2)], None)
    same("credentials", seen["credentials_sent_to"], ["mail.contoso.test"])
    nothing_for_strangers(seen, requests)


@test
def without_domains_and_without_an_address_there_is_nobody_to_send_a_password_to(world):
    world.add_org(url=None)
    world.add_users([address(1), address(2)])
    change_users(world, "email = 'bob@evil.test' WHERE email = ?", address(1))
    world.store("org", "set", "bulk", "--domain", "")
    start_beside_strangers(world)
    _, report = world.check(code=1)
    seen, requests = world.stop()
    same("findings", findings(report), {"bob@evil.test": "config.incomplete", address(2): "config.incomplete"})
    same("requests", (seen["requests"], seen["dns_questions"], requests), (0, [], []))


@test
def the_password_of_the_organisation_does_not_go_where_a_user_points(world):
    url = "https://mail.evil.test/EWS/Exchange.asmx"
    world.add_org()
    refused = world.import_csv(f"email,ews_url\n{address(1)},{url}\n", code=66)
    expect("users.csv:2" in refused.stdout + refused.stderr and "mail.evil.test" in refused.stdout + refused.stderr, refused.stderr)
    refused = world.store("user", "add", "--org", "bulk", address(1), "--ews-url", url, code=78)
    expect("mail.evil.test" in refused.stderr, refused.stderr)
    world.add_users([address(1), address(2)])
    refused = world.store("user", "set", "--org", "bulk", address(1), "--ews-url", url, code=78)
    expect("mail.evil.test" in refused.stderr, refused.stderr)
    change_users(world, "ews_url = ? WHERE email = ?", url, address(1))
    start_beside_strangers(world)
    _, report = world.check(code=1)
    seen, requests = world.stop()
    same("findings", findings(report), {address(1): "config.conflict", address(2): None})
    same("credentials", seen["credentials_sent_to"], ["mail.contoso.test"])
    nothing_for_strangers(seen, requests)


# ---- reports ----

FORMULAS = ["=cmd|calc@contoso.test", "+1@contoso.test", "-2@contoso.test"]


@test
def every_report_is_written_private_and_safe(world):
    users = [{"smtp": one, "scopes": ["mobile-users"]} for one in FORMULAS] + [{"smtp": "<b>bold</b>@contoso.test"}]
    base = runner.load(runner.BASE / "bulk-10000.json")
    world.start(base="bulk-10000", users=[*base["users"], *users[:3]])
    world.add_org()
    world.add_users([*FORMULAS, address(1), address(1001)])
    done, report = world.check("--csv", "check.csv", "--html", "check.html", "--jsonl", "users.jsonl", code=1)
    same("users", len(report["users"]), 5)
    for name in ("check.json", "check.csv", "check.html", "users.jsonl"):
        same(f"mode of {name}", stat.S_IMODE((world.folder / name).stat().st_mode), 0o600)
    lines = [json.loads(line) for line in (world.folder / "users.jsonl").read_text().splitlines()]
    same("--jsonl", sorted(line["email"] for line in lines), sorted(findings(report)))
    same("one row of each", {line["email"]: line["finding"] for line in lines}, findings(report))
    rows = list(csv.reader(io.StringIO((world.folder / "check.csv").read_text(), newline="")))
    same("rows of --csv", len(rows), 6)
    cells = [cell for row in rows for cell in row]
    expect(not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell], f"a formula: {[c for c in cells if c[:1] in '=+-@' and c]}")
    for formula in FORMULAS:
        expect("'" + formula in cells, f"{formula} is not in the CSV behind an apostrophe: {cells[:20]}")
    page = (world.folder / "check.html").read_text()
    expect(page.startswith("<!doctype html") or page.startswith("<!DOCTYPE html"), page[:100])
    expect(address(1001) in page and "impersonation.denied" in page, "the page lacks the failed user")
    for form in runner.forms_of("Sim-Passw0rd"):
        for name in ("check.json", "check.csv", "check.html", "users.jsonl", "store.db"):
            expect(form not in (world.folder / name).read_bytes(), f"the password is in {name}")
    expect("Sim-Passw0rd" not in done.stdout + done.stderr, "the password is in the output")


@heavy
def no_report_takes_the_place_of_the_store_or_its_key(world):
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users([address(1)])
    key, = (path.name for path in world.folder.iterdir() if path.name.endswith(".key"))
    for store, key_file in (("store.db", ()), ("moved.db", ("--key-file", "own.key"))):
        if key_file:
            (world.folder / "store.db").rename(world.folder / store)
            (world.folder / key).rename(world.folder / "own.key")
            key = "own.key"
        (world.folder / "alias").unlink(missing_ok=True)
        (world.folder / "alias").symlink_to(key)
        (world.folder / "other-name").unlink(missing_ok=True)
        (world.folder / "other-name").symlink_to(world.folder / store)
        before = (world.folder / store).read_bytes(), (world.folder / key).read_bytes()
        names = [store, f"./{store}", f"../{world.folder.name}/{store}", world.folder / store, "other-name", f"{store}-wal",
                 f"./{store}-wal", key, f"./{key}", "alias"]
        for option in ("--json", "--jsonl", "--csv", "--html"):
            for name in names:
                done = world.exray("check", "bulk", "--store", store, *key_file, "--no-input", *world.network, option, name, code=64)
                expect(str(name) in done.stderr, f"{option} {name}: {done.stderr!r} does not name it")
        same("store and key are as they were", ((world.folder / store).read_bytes(), (world.folder / key).read_bytes()), before)
        world.exray("check", "bulk", "--store", store, *key_file, "--no-input", *world.network, code=0)
    seen, _ = world.stop()
    same("log-on failures", seen["logon_failures"], 0)


@test
def lines_are_written_into_a_private_file_of_its_own(world):
    world.start(base="bulk-10000")
    world.add_org()
    world.add_users([address(1)])
    (world.folder / "target").write_text("mine\n")
    (world.folder / "link").symlink_to("target")
    (world.folder / "dangling").symlink_to("nowhere")
    os.mkfifo(world.folder / "pipe")
    reader = os.open(world.folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    for name in ("link", "dangling", "pipe"):
        done = world.exray(*world.words("--jsonl", name)[1:], code=69)
        expect(name in done.stderr, f"{done.stderr!r} does not name {name}")
    same("what was sent into the pipe", os.read(reader, 100), b"")
    os.close(reader)
    world.exray(*world.words("--jsonl", "pipe")[1:], code=69)
    same("what the link points to", (world.folder / "target").read_text(), "mine\n")
    expect(not (world.folder / "nowhere").exists(), "a file was made where a link points to")
    same("requests", world.requests(), [])
    (world.folder / "lines").write_text("older\n" * 1000)
    (world.folder / "lines").chmod(0o666)
    world.check("--jsonl", "lines", code=0)
    same("mode", stat.S_IMODE((world.folder / "lines").stat().st_mode), 0o600)
    same("lines", [json.loads(line)["email"] for line in (world.folder / "lines").read_text().splitlines()], [address(1)])


UMLAUTS = "P\u00e4ssw\u00f6rd-42"
# How an answer can hold it so that whoever reads it sees it.
ECHOES = ["P\u00e4ssw\u00f6rd-42", "P&#228;ssw&#246;rd-42", "P&#xE4;ssw&#x00f6;rd-42", "P&amp;#228;ssw&amp;#246;rd-42",
          "P&#228;ss<!-- -->w<![CDATA[\u00f6]]>rd&#45;42", "&#0080;&#228;&#115;&#115;&#119;&#246;&#114;&#100;&#45;&#52;&#50;"]
ANSWER = """<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<m:GetFolderResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><m:ResponseMessages>
<m:GetFolderResponseMessage ResponseClass="Error"><m:MessageText>{}</m:MessageText>
<m:ResponseCode>ErrorInternalServerError</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>
</m:GetFolderResponseMessage></m:ResponseMessages></m:GetFolderResponse></s:Body></s:Envelope>"""


@test
def a_password_that_the_server_repeats_is_nowhere(world):
    texts = ["harmless words", *(f"the password is {echo} now" for echo in ECHOES)]
    faults = [{"layer": "http", "at": {"operation": "GetFolder", "mailbox": address(n)}, "do": "reply", "status": 200,
               "headers": [["Content-Type", "text/xml; charset=utf-8"]], "body": ANSWER.format(text)} for n, text in enumerate(texts, 1)]
    account, = runner.load(runner.BASE / "bulk-10000.json")["accounts"]
    (world.folder / "umlauts").write_text(UMLAUTS + "\n")
    world.start(base="bulk-10000", accounts=[{**account, "password": UMLAUTS}], faults=faults)
    world.add_org(password="umlauts")
    world.add_users(map(address, range(1, len(texts) + 4)))
    done, report = world.check("-v", "--jsonl", "users.jsonl", "--csv", "check.csv", "--html", "check.html", jobs=2, code=1)
    bad = {user["email"]: user["message"] for user in report["users"] if user["status"] == "error"}
    same("those who were answered so", set(bad), {address(n) for n in range(1, len(texts) + 1)})
    places = {"the output": (done.stdout + done.stderr).encode()}
    for name in ("check.json", "users.jsonl", "check.csv", "check.html", "store.db", "store.db-wal"):
        places[name] = (world.folder / name).read_bytes() if (world.folder / name).exists() else b""
    for name in ("check.json", "users.jsonl", "store.db"):
        expect(b"armless words" in places[name], f"{name} does not hold what the server said: {bad[address(1)]}")
    needles = [*runner.forms_of(UMLAUTS), json.dumps(UMLAUTS)[1:-1].encode(), b"rd-42", b"ssw&#", b"&#246;"]
    for name, content in places.items():
        for needle in needles:
            expect(needle not in content, f"{needle} is in {name}: {content[max(0, content.find(needle) - 80):][:160]}")


@test
def json_on_stdout_stands_alone(world):
    thirty(world)
    world.add_org()
    world.add_users([address(1), address(11)])
    words = [word for word in world.words()[1:]]
    words[words.index("check.json")] = "-"
    done = world.exray(*words, code=1)
    report = json.loads(done.stdout)
    validate(report)
    same("organisation", report["organization"], "bulk")
    same("causes", causes(report), {"impersonation.denied": 1})
    expect(report["elapsed_ms"] >= report["bulk_ms"] >= 0, f"{report['elapsed_ms']} {report['bulk_ms']}")


# ---- one question to Autodiscover for a hundred users ----

SVC = "*/autodiscover.svc"


def by_soap(world, autodiscover=None, base="bulk-10000", **changes):
    """The organisation, with SOAP beside POX at the host that Autodiscover leads to."""
    whole = runner.load(runner.BASE / f"{base}.json")
    hosts = [{**host, "serves": [*host["serves"], "autodiscover-soap"]} if "autodiscover-pox" in host["serves"] else host for host in whole["hosts"]]
    world.start(base=base, hosts=hosts, exchange={**whole["exchange"], "autodiscover": autodiscover or {}}, **changes)


def with_soap(world, numbers, *more, **how):
    """An organisation that knows no URL, checked."""
    world.add_org(url=None)
    world.add_users(map(address, numbers))
    return soap_check(world, *more, **how)


def soap_check(world, *more, autodiscover=None, faults=(), users=(), code=0, **how):
    base = runner.load(runner.BASE / "bulk-10000.json")
    by_soap(world, autodiscover, faults=list(faults), users=[*base["users"], *users])
    _, report = world.check(*more, code=code, **how)
    seen, requests = world.stop()
    same("log-on failures", seen["logon_failures"], 0)
    return report, seen, requests


def operations(requests):
    return collections.Counter(one["operation"] for one in requests if "operation" in one)


def settings_fault(do="message", **where):
    at = {"operation": "GetUserSettings", **where.pop("at", {})}
    return {"layer": "ews", "at": at, "do": do, **where}


def svc_reply(status, body="", headers=(), **at):
    return {"layer": "http", "at": {"path": SVC, "method": "POST", **at}, "do": "reply", "status": status,
            "headers": [["Content-Type", "text/xml; charset=utf-8"], *headers], "body": body}


@heavy
def ten_thousand_users_cost_one_request_each(world):
    """The first user goes the long way; the 33 whom Autodiscover does not know are looked for in the directory, as ever."""
    world.add_org(url=None)
    world.add_users(map(address, range(1, ALL + 1)))
    by_soap(world)
    _, report = world.check(code=1)
    planted(report)
    seen, requests = world.stop()
    same("log-on failures", seen["logon_failures"], 0)
    same("operations", operations(requests), {"GetUserSettings": ALL // 100, "GetFolder": ALL + 1, "ResolveNames": 1 + 33})
    same("mailboxes opened", openings(requests), {address(n): 1 for n in range(1, ALL + 1)})
    expect(seen["connections"] <= JOBS + 14, f"{seen['connections']} connections for {JOBS} jobs, besides those of the first user's discovery")
    expect(report["requests"] >= ALL + ALL // 100, f"the report claims {report['requests']} requests only")


@test
def what_autodiscover_tells_of_an_address_is_told(world):
    report, _, requests = with_soap(world, [*range(1, 31), 5001, 5002])
    same("operations", operations(requests), {"GetUserSettings": 1, "GetFolder": 33, "ResolveNames": 1})
    same("findings", {one: found for one, found in findings(report).items() if found}, {address(n): "address.alias" for n in (5001, 5002)})
    told = {user["email"]: user for user in report["users"]}
    for n in (5001, 5002):
        primary = f"first.last{n:05}@contoso.test"
        same("the primary address", told[address(n)]["facts"]["primary_smtp_address"], primary)
        expect(primary in told[address(n)]["message"] and "Autodiscover" in told[address(n)]["message"], told[address(n)]["message"])
    same("of the others", told[address(7)]["facts"]["primary_smtp_address"], address(7))
    same("step", {user["step"] for user in report["users"] if user["finding"]}, {"smtp-address"})


@test
def an_organisation_that_knows_its_address_does_not_ask_autodiscover(world):
    world.add_org()
    world.add_users(map(address, range(1, 31)))
    _, seen, requests = soap_check(world)
    same("operations", operations(requests), {"GetFolder": 31, "ResolveNames": 30})
    same("questions", [line for line in seen["dns_questions"] if "autodiscover" in line], [])


@test
def who_logs_on_himself_is_not_asked_about_by_others(world):
    numbers = range(1, 13)
    world.add_org(kind="direct-logon", password=None, account=None, url=None)
    for n in numbers:
        world.add_user(address(n))
    by_soap(world, accounts=accounts(numbers))
    _, report = world.check(jobs=4, code=0)
    seen, requests = world.stop()
    same("summary", summary(report), {"success": 12})
    same("GetUserSettings", operations(requests)["GetUserSettings"], 0)
    same("log-on failures", seen["logon_failures"], 0)


@test
def a_host_without_soap_is_not_asked(world):
    world.add_org(url=None)
    world.add_users(map(address, range(1, 131)))
    world.start(base="bulk-10000")
    _, report = world.check(code=0)
    seen, requests = world.stop()
    same("summary", summary(report), {"success": 130})
    same("operations", operations(requests), {"GetFolder": 131, "ResolveNames": 130})


@test
def fewer_answers_than_questions_are_asked_for_again(world):
    """Where a request brings too few of them the directory is faster: after two such, nobody is asked about any more. Whose an answer is that
    came too few is not known: an address that was not asked for is no evidence then."""
    early = {"smtp": "second@contoso.test", "aliases": ["user00002a@contoso.test"], "scopes": ["mobile-users"]}
    world.add_org(url=None)
    world.add_users([*map(address, [*range(1, 250), 5001]), *early["aliases"]])
    for most, asked_for, resolved in ((30, 4 + 4 + 2, 1 + 1), (99, 1 + 2 + 1, 1), (100, 3, 1), (1, 2, 1 + 248)):
        report, _, requests = soap_check(world, autodiscover={"soap_users_max": most}, users=[early])
        same("summary", summary(report), {"success": 249, "warning": 2})
        same("the aliases", {one for one, finding in findings(report).items() if finding == "address.alias"}, {address(5001), *early["aliases"]})
        same(f"at most {most}", operations(requests), {"GetUserSettings": asked_for, "GetFolder": 252, "ResolveNames": resolved})


@test
def an_answer_that_leaves_out_somebody_makes_nobody_the_next_one(world):
    """The first one, one in the middle, the last one: what is told at the place of another one is taken of nobody."""
    world.add_org(url=None)
    world.add_users(map(address, range(1, 31)))
    for missing, resolved in ((2, 29), (20, 11), (30, 1)):
        told = [address(n).upper() for n in range(2, 31) if n != missing]
        report, _, requests = soap_check(world, faults=[svc_reply(200, canned_settings(*told))])
        same(f"findings without {missing}", findings(report), dict.fromkeys(map(address, range(1, 31))))
        same(f"operations without {missing}", operations(requests), {"GetFolder": 31, "ResolveNames": 1 + resolved})


@test
def an_address_that_is_told_of_several_is_no_evidence(world):
    """Nor that of somebody else who was asked about."""
    world.add_org(url=None)
    world.add_users([*map(address, range(1, 10)), address(5001)])
    told = {2: "boss@contoso.test", 3: "boss@contoso.test", 4: "BOSS@contoso.test", 5: address(6), 6: address(5), 7: address(8)}
    values = [*(told.get(n, address(n)) for n in range(2, 10)), "first.last05001@contoso.test"]
    report, _, requests = soap_check(world, faults=[svc_reply(200, canned_settings(*values))])
    same("findings", findings(report), {**dict.fromkeys(map(address, range(1, 10))), address(5001): "address.alias"})
    same("operations", operations(requests), {"GetFolder": 11, "ResolveNames": 1 + 6})


@test
def what_autodiscover_does_not_tell_the_directory_does(world):
    """Whatever the answer for one user is, but an address: the verdict is that of a check without Autodiscover."""
    unwilling = ["InvalidUser", "RedirectAddress", "RedirectUrl", "InvalidRequest", "InternalServerError", "SettingIsNotAvailable", "InvalidDomain",
                 "Weird"]
    own = [{"smtp": f"x{n}@contoso.test", "aliases": [f"y{n}@contoso.test"], "scopes": ["mobile-users"], "soap_error": code}
           for n, code in enumerate(unwilling)]
    own.append({"smtp": "without@contoso.test", "scopes": ["mobile-users"], "missing_settings": ["AutoDiscoverSMTPAddress"]})
    names = [f"x{n}@contoso.test" for n in range(len(unwilling))] + [f"y{n}@contoso.test" for n in range(len(unwilling))] + ["without@contoso.test"]
    world.add_org(url=None)
    world.add_users([*map(address, (1, 2, 5001, 1001, 2001, 3001, 4001)), *names])
    report, _, requests = soap_check(world, users=own, code=1)
    resolved = {one["mailbox"] for one in requests if one.get("operation") == "ResolveNames"}
    same("GetUserSettings", operations(requests)["GetUserSettings"], 1)
    same("ResolveNames", operations(requests)["ResolveNames"], 1 + 1 + len(names))
    whole = {user["email"]: (user["status"], user["finding"], user["step"]) for user in report["users"]}
    world.start(base="bulk-10000", users=[*runner.load(runner.BASE / "bulk-10000.json")["users"], *own])
    _, report = world.check(code=1)
    same("verdicts", whole, {user["email"]: (user["status"], user["finding"], user["step"]) for user in report["users"]})
    expect(resolved, "the simulator does not tell whom ResolveNames was about")


def canned_settings(*values):
    """An answer about so many users, the address of each as given."""
    space = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
    users = "".join("<UserResponse><ErrorCode>NoError</ErrorCode><UserSettings><UserSetting><Name>AutoDiscoverSMTPAddress</Name>"
                    f"<Value>{value}</Value></UserSetting></UserSettings></UserResponse>" for value in values)
    return ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            f'<GetUserSettingsResponseMessage xmlns="{space}"><Response><ErrorCode>NoError</ErrorCode><UserResponses>{users}</UserResponses>'
            "</Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>")


@test
def an_address_that_is_none_is_no_evidence(world):
    """Markup, the service account's password, no address at all: nobody becomes an alias by that."""
    values = ["nobody", "", "a b@contoso.test", "x@", "&lt;b&gt;@contoso.test", "Sim-Passw0rd@contoso.test", "a" * 2000 + "@contoso.test", address(9)]
    world.add_org(url=None)
    world.add_users(map(address, range(1, 10)))
    report, _, requests = soap_check(world, faults=[svc_reply(200, canned_settings(*values))])
    same("findings", findings(report), dict.fromkeys(map(address, range(1, 10))))
    same("ResolveNames", operations(requests)["ResolveNames"], 1 + 7)
    expect("Sim-Passw0rd" not in (world.folder / "check.json").read_text(), "the password is in the report")


WRONG = {
    "not found": svc_reply(404), "an error page": svc_reply(500, "<html>sorry</html>"), "a web page": svc_reply(200, "<html><body>Hi</body></html>"),
    "nothing": svc_reply(200), "cut off": svc_reply(200, canned_settings("a@contoso.test")[:300]),
    "an answer to something else": svc_reply(200, ANSWER.format("x")), "too many users": svc_reply(200, canned_settings(*["a@contoso.test"] * 101)),
    "a redirect": svc_reply(302, headers=[["Location", "https://mail.evil.test/autodiscover/autodiscover.svc"]]),
    "forbidden": svc_reply(403), "too busy for a day": svc_reply(503, headers=[["Retry-After", "86400"]]), "unavailable": svc_reply(503),
    "a fault": settings_fault("fault", code="InternalServiceFault"), "an error": settings_fault(code="InternalServerError"),
    "a wrong version": settings_fault(code="InvalidRequest"),
    "no answer": {"layer": "http", "at": {"path": SVC, "method": "POST"}, "do": "close"},
}


@heavy
def a_service_that_fails_is_given_up_after_two_questions(world):
    users = [*range(1, 301), 5001]
    world.add_org(url=None)
    world.add_users(map(address, users))
    for what, fault in WRONG.items():
        report, seen, requests = soap_check(world, faults=[fault])
        same(f"summary, {what}", summary(report), {"success": 300, "warning": 1})
        same(f"the alias, {what}", findings(report)[address(5001)], "address.alias")
        counted = operations(requests)
        expect(counted["GetUserSettings"] <= 2, f"{what}: asked {counted['GetUserSettings']} times")
        same(f"ResolveNames, {what}", counted["ResolveNames"], 301)
        same(f"back-offs, {what}", report["back_offs"], 0)
        same(f"GetFolder, {what}", counted["GetFolder"], 302)
    same("questions for strangers", [line for line in seen["dns_questions"] if "evil" in line], [])


@test
def a_failure_that_passes_costs_its_hundred_users_one_request_more(world):
    world.add_org(url=None)
    world.add_users(map(address, range(1, 301)))
    for n, missed in ((1, 99), (2, 100)):
        fault = settings_fault("fault", at={"request": n}, code="InternalServiceFault")
        report, _, requests = soap_check(world, faults=[fault])
        same("summary", summary(report), {"success": 300})
        same("operations", operations(requests), {"GetUserSettings": 3, "GetFolder": 301, "ResolveNames": 1 + missed})


@test
def a_busy_autodiscover_is_asked_again_after_a_pause(world):
    """For the whole call, for one user, by HTTP; and when it stays busy, the directory is asked."""
    users = range(1, 61)
    one_user = settings_fault(at={"mailbox": address(20), "request": 1, "per_mailbox": True}, code="ServerBusy")
    waiting = [["Retry-After", "1"]]
    rows = [("call", settings_fault(at={"request": 1}, code="ServerBusy"), 1, 2, 1, 2000), ("user", one_user, 1, 2, 1, 2000),
            ("HTTP", svc_reply(503, headers=waiting, request=1), 1, 1, 1, 1000),
            ("for ever", svc_reply(503, headers=waiting), 2, 0, 60, 2000)]
    world.add_org(url=None)
    world.add_users(map(address, users))
    for what, fault, back_offs, calls, resolved, pause_ms in rows:
        started = time.monotonic()
        report, _, requests = soap_check(world, faults=[fault])
        took = time.monotonic() - started
        same(f"summary, {what}", summary(report), {"success": 60})
        same(f"back-offs, {what}", report["back_offs"], back_offs)
        counted = operations(requests)
        same(f"ResolveNames, {what}", counted["ResolveNames"], resolved)
        expect(calls == 0 or counted["GetUserSettings"] == calls, f"{what}: {counted}")
        same(f"GetFolder, {what}", counted["GetFolder"], 61)
        expect(pause_ms / 1000 - 0.1 < took < (pause_ms / 1000 + 3) * FACTOR, f"{what}: took {took:.1f} s")


@test
def a_pause_of_autodiscover_holds_for_everybody(world):
    """It asks the account to wait, not the question."""
    world.add_org(url=None)
    world.add_users(map(address, range(1, 301)))
    report, _, requests = soap_check(world, faults=[svc_reply(503, headers=[["Retry-After", "2"]], request=2), slow(40, "user00???@contoso.test")])
    same("summary", summary(report), {"success": 300})
    at = [one["ms"] for one in requests if "operation" in one]
    gap = max(later - earlier for earlier, later in zip(at, at[1:]))
    expect(gap >= 1700, f"the longest silence is {gap} ms: the others went on")


@test
def a_password_that_autodiscover_refuses_is_not_tried_again(world):
    """It was changed in the middle: with the first question of many, nobody proves the old one any more."""
    refused = svc_reply(401, headers=[["WWW-Authenticate", 'Basic realm="mail"']])
    world.add_org(url=None)
    world.add_users(map(address, range(1, 201)))
    for jobs in (1, 4):
        by_soap(world, faults=[refused])
        _, report = world.check("--auth", "basic", jobs=jobs, code=1)
        _, requests = world.stop()
        found = collections.Counter((user["finding"], user["step"]) for user in report["users"])
        expect(found["logon.rejected", "autodiscover"] >= 200 - jobs, f"{jobs} jobs: {found}")
        same(f"users with {jobs} jobs", sum(found.values()), 200)
        counted = operations(requests)
        expect(counted["GetFolder"] <= 2 + jobs and counted["ResolveNames"] == 1, f"{jobs} jobs: {counted}")
    by_soap(world, faults=[])
    _, report = world.check("--only-failed", "--auth", "basic", jobs=4, code=0)
    same("afterwards", set(summary(report)), {"success"})


@test
def folders_are_opened_while_the_question_is_under_way(world):
    """A slow answer holds up nobody who does not need it yet, and each user is asked about once."""
    world.add_org(url=None)
    world.add_users(map(address, range(1, 41)))
    ms = int(1500 * FACTOR)
    report, seen, requests = soap_check(world, faults=[settings_fault("delay", ms=ms)], jobs=10)
    same("summary", summary(report), {"success": 40})
    same("operations", operations(requests), {"GetUserSettings": 1, "GetFolder": 41, "ResolveNames": 1})
    begun = [one["ms"] for one in requests if one.get("operation") == "GetUserSettings"][0]
    meanwhile = [one for one in requests if one.get("operation") == "GetFolder" and begun - 500 * FACTOR < one["ms"] < begun + ms - 50 and one["impersonated"]]
    expect(len(meanwhile) >= 9, f"{len(meanwhile)} folders were opened while the question was under way")
    waited = [user["elapsed_ms"] for user in report["users"][1:]]
    expect(max(waited) < ms * 0.7, f"a user is said to have taken {max(waited)} ms, of which he waited for the others' question")


@heavy
def the_question_counts_among_the_jobs(world):
    """Whoever asks it asks about no mailbox meanwhile: the server never sees more requests of the account at once than there are jobs."""
    world.add_org(url=None)
    world.add_users(map(address, range(1, 301)))
    for jobs in (1, 3):
        world.start(base="bulk-10000")
        world.check(jobs=jobs, code=0)
        without, _ = world.stop()
        report, seen, requests = soap_check(world, jobs=jobs, faults=[slow(5, "user00???@contoso.test"), settings_fault("delay", ms=60)])
        same("summary", summary(report), {"success": 300})
        same("operations", operations(requests), {"GetUserSettings": 3, "GetFolder": 301, "ResolveNames": 1})
        asked_at = [one["ms"] for one in requests if one.get("operation") == "GetUserSettings"]
        expect(asked_at == sorted(asked_at) and asked_at[1] - asked_at[0] >= 55, f"two questions at once: {asked_at}")
        then = [later["ms"] - one["ms"] for one, later in zip(requests, requests[1:]) if one.get("operation") == "GetUserSettings"]
        expect(jobs > 1 or min(then) >= 55, f"the only worker opened a mailbox beside its question, {then} ms after it began")
        expect(seen["connections"] <= without["connections"] + 1, f"{seen['connections']} connections, {without['connections']} without SOAP")


@test
def a_signal_in_the_middle_of_the_question_ends_the_check_and_it_goes_on(world):
    numbers = range(1, 251)
    world.add_org(url=None)
    world.add_users(map(address, numbers))
    by_soap(world, faults=[settings_fault("delay", at={"request": 1}, ms=60000)])
    process = world.begin(jobs=5)
    opened_so_far(world, 5, process)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, errors = process.communicate(timeout=60 * FACTOR)
    expect(time.monotonic() - sent < 2 * FACTOR, f"took {time.monotonic() - sent:.1f} s to end")
    same(f"exit code ({errors.decode()[-300:]})", process.returncode, 130)
    report = world.report()
    same("those who had their result", findings(report), {address(1): None})
    world.simulator.kill()
    world.simulator.communicate()
    world.simulator = None
    before = openings(world.requests())
    by_soap(world)
    _, report = world.check("--resume", jobs=5, code=0)
    _, requests = world.stop()
    same("summary", summary(report), {"success": 250})
    same("asked in vain", {one for one in before if one in openings(requests)}, set(before) - {address(1)})
    same("operations", operations(requests), {"GetUserSettings": 3, "GetFolder": 250, "ResolveNames": 1})


@heavy
def a_check_that_was_killed_between_two_questions_goes_on(world):
    world.add_org(url=None)
    world.add_users(map(address, range(1, 501)))
    by_soap(world, faults=[slow(20, "user00???@contoso.test")])
    process = world.begin(jobs=4)
    opened_so_far(world, 230, process)
    before = openings(killed(world, process))
    by_soap(world)
    _, report = world.check("--resume", jobs=4, code=0)
    _, requests = world.stop()
    same("summary", summary(report), {"success": 500})
    opened = before + openings(requests)
    same("never asked", {address(n) for n in range(1, 501)} - set(opened), set())
    expect(sum(opened.values()) <= 500 + 2 * 4, f"opened {sum(opened.values())} times")
    expect(operations(requests)["GetUserSettings"] <= 3, f"{operations(requests)}")


if __name__ == "__main__":
    sys.exit(suite.main())
