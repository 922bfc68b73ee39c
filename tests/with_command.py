#!/usr/bin/env python3
"""`exray test service-account --with ...` as a process that is killed, interrupted and run twice at once: what it leaves in the
mailboxes of the simulated Exchange.

usage: with_command.py --bin BUILD_DIR [NAME...]
Ends with "N passed, N failed". How each step ends, the scenarios show.
"""
import datetime, json, os, pathlib, re, signal, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import scenario as runner
from harness import FACTOR, Suite, World, expect, network_options

BASE = {key: value for key, value in runner.load(runner.BASE / "healthy-exchange-se.json").items() if key != "extends"}
URL = "https://mail.contoso.test/EWS/Exchange.asmx"
ANNA = {**BASE["users"][0], "folders": {"inbox": {"total": 2, "unread": 1}, "drafts": {"subjects": ["Offer", "exray test item list"]}}}
EVERYTHING = "write,rooms,oof,availability,sync"
SUBJECT = re.compile(r"exray test item \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ([0-9a-f]{8})-(\d+)-[0-9a-f]{8}")
TIME_PASSED, INTERRUPTED = 124, 130


class Mailboxes(World):
    """An organisation whose mailboxes can be looked into, and the command."""

    def begin(self, *faults, anna=ANNA):
        self.anna = anna
        whole = {**BASE, "users": [anna, *BASE["users"][1:]], "faults": list(faults)}
        self.path = self.folder / "scenario.json"
        self.path.write_text(json.dumps(whole))
        self.requests, self.held = self.folder / "requests", self.folder / "held"
        self.simulator = self.simulate("--requests", self.requests, "--mailboxes", self.held)
        return self

    def simulate(self, *more):
        return runner.Simulator(self.bin / "exray-sim", self.path, self.folder, *more)

    def words(self, steps, *more):
        return self.command("test", "service-account", "--mailbox", ANNA["smtp"], "--account", "CONTOSO\\svc-exray", "--password-file",
                            "pw", "--ews-url", URL, "--with", steps, "--no-input", *network_options(self.simulator.ready), *more)

    def run(self, steps, *more, code=0):
        """The report of a run to the end."""
        done = subprocess.run(self.words(steps, "--format", "none", "--json", "report.json", *more), cwd=self.folder,
                              capture_output=True, text=True, timeout=60 * FACTOR)
        expect(done.returncode == code, f"exit {done.returncode}, not {code}: {done.stdout}{done.stderr}")
        return json.loads((self.folder / "report.json").read_text())

    def launch(self, steps, *more):
        return subprocess.Popen(self.words(steps, *more), cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def asked(self):
        """The operations that the server was asked for so far."""
        lines = self.requests.read_text().splitlines(keepends=True)
        return [json.loads(line).get("operation") for line in lines if line.endswith("\n")]

    def wait_for(self, operation, times=1):
        end = time.monotonic() + 20 * FACTOR
        while self.asked().count(operation) < times:
            expect(time.monotonic() < end, f"{operation} was not asked for {times} times: {self.asked()}")
            time.sleep(0.005)

    def stopped(self):
        """What the server saw, and what its mailboxes hold."""
        seen, code, errors = self.simulator.stop()
        self.simulator = None
        expect(code == 0, f"the simulator ended with {code}: {errors}")
        return seen, self.held.read_bytes()

    def untouched(self):
        """The same organisation that nobody has asked for anything."""
        path = self.folder / "before"
        self.simulate("--mailboxes", path).stop()
        return path.read_bytes()

    def expect_unchanged(self):
        seen, held = self.stopped()
        for what in ("items_left", "items_removed", "open_subscriptions"):
            expect(seen[what] == 0, f"{what}: {seen[what]}: {seen['operations']}")
        expect(held == self.untouched(), f"the mailboxes have changed: {held.decode()}")
        return seen


def fault(operation, verb, layer="ews", **more):
    at = {"operation": operation, **({"request": more.pop("request")} if "request" in more else {})}
    return {"layer": layer, "at": at, "do": verb, **more}


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20 * FACTOR)


def step_of(report, key):
    return runner.steps_of(report)[key]


suite = Suite(Mailboxes)
test = suite.test


# ---- byte-equal ----

@test
def every_step_leaves_the_mailboxes_as_they_were(world):
    world.begin()
    report = world.run(EVERYTHING, code=0)
    for key in EVERYTHING.split(","):
        expect(step_of(report, key)["status"] in ("success", "warning"), f"{key}: {step_of(report, key)}")
    seen = world.expect_unchanged()
    expect(seen["operations"]["CreateItem"] == seen["operations"]["Subscribe"] == 1, f"{seen['operations']}")


@test
def a_change_of_the_mailboxes_would_be_seen(world):
    """The comparison itself: a draft that stays makes other bytes."""
    world.begin(anna={**ANNA, "on_hold": True})
    world.run("write")
    seen, held = world.stopped()
    expect(seen["items_left"] == 1 and held != world.untouched(), f"{seen}")
    expect(SUBJECT.search(held.decode()), f"no test item in {held.decode()}")


# ---- killed ----

MOMENTS = [  # the operation of the write step, and which of that name: the first FindItem is that of the Inbox
    ("FindItem", 2), ("CreateItem", 1), ("FindItem", 3), ("DeleteItem", 1), ("FindItem", 4)]


def killed_at(world, operation, number, held_back):
    """Kills the program while it waits for that answer, waits until the server is through with it, and runs it again."""
    process = world.launch("write")
    world.wait_for(operation, number)
    kill(process)
    time.sleep(held_back * FACTOR)
    world.run("write")
    world.expect_unchanged()


def kill_test(operation, number, done):
    """done: the server has done its work when the program dies; else it does it behind the death."""
    hold = dict(request=number, ms=400)
    what = fault(operation, "delay-head", "http", **hold) if done else fault(operation, "delay", **hold)

    def function(world):
        killed_at(world.begin(what), operation, number, 0.8)
    function.__name__ = f"killed_{'behind' if done else 'before'}_{operation}_{number}_and_run_again".lower()
    return test(function)


for moment in MOMENTS:
    for done in (False, True):
        kill_test(*moment, done)


@test
def a_killed_run_leaves_a_draft_that_the_next_one_names(world):
    world.begin(fault("CreateItem", "delay-head", "http", request=1, ms=400))
    process = world.launch("write")
    world.wait_for("CreateItem")
    kill(process)
    time.sleep(0.8 * FACTOR)
    report = world.run("write")
    details = json.dumps(step_of(report, "write.leftovers"))
    expect(SUBJECT.search(details), f"the draft of the killed run is not named: {details}")
    world.expect_unchanged()


@suite.heavy
def killed_at_any_time_and_run_again(world):
    world.begin()
    for ms in range(0, 120, 4):
        process = world.launch("write")
        time.sleep(ms / 1000)
        kill(process)
    time.sleep(0.3)
    report = world.run("write")
    expect(step_of(report, "write")["status"] == "success", f"{step_of(report, 'write')}")
    expect("CreateItem" in world.asked(), "no run came as far as that")
    world.expect_unchanged()


# ---- what cannot be deleted ----

@test
def what_remains_is_told_with_its_subject_and_id(world):
    world.begin(fault("DeleteItem", "message", code="ErrorCannotDeleteObject"))
    report = world.run("write")
    expect(report["verdict"]["finding"] == "write.leftover", f"{report['verdict']}")
    message = step_of(report, "write")["message"]
    seen, held = world.stopped()
    drafts = json.loads(held.decode().splitlines()[0])["drafts"]
    left = [draft for draft in drafts if SUBJECT.fullmatch(draft["subject"])]
    expect(len(left) == seen["items_left"] == 1, f"{drafts}")
    expect(left[0]["subject"] in message and left[0]["id"] in message, f"{left[0]} is not told in {message!r}")


# ---- interrupted ----

def interrupted(world, steps, operation, number=1):
    """Ctrl-C while the program waits for that answer. What it said."""
    process = world.launch(steps, "--json", "report.json")
    world.wait_for(operation, number)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20 * FACTOR)
    expect(process.returncode == INTERRUPTED, f"exit {process.returncode}: {output}")
    time.sleep(0.6 * FACTOR)
    return output


def interrupt_test(steps, operation, number=1):
    def function(world):
        world.begin(fault(operation, "delay-head", "http", request=number, ms=400))
        interrupted(world, steps, operation, number)
        world.expect_unchanged()
    function.__name__ = f"interrupted_at_{operation}_{number}_nothing_is_left".lower()
    return test(function)


for moment in MOMENTS:
    interrupt_test("write", *moment)
for operation in ("SyncFolderItems", "Subscribe", "Unsubscribe"):
    interrupt_test("sync", operation)


@test
def interrupted_and_cut_off_it_tells_what_remains(world):
    world.begin(fault("CreateItem", "delay-head", "http", request=1, ms=400), fault("DeleteItem", "delay", ms=6000))
    output = interrupted(world, "write", "CreateItem")
    expect(SUBJECT.search(" ".join(output.split())), f"the draft is not named: {output}")


@test
def the_time_limit_of_the_run_leaves_nothing(world):
    """What is begun may be cleaned up behind the limit, for a short while."""
    world.begin(fault("CreateItem", "delay-head", "http", request=1, ms=3000))
    world.launch("write", "--timeout", "2").communicate(timeout=60 * FACTOR)
    world.expect_unchanged()


@test
def the_time_limit_of_the_run_cannot_be_put_off(world):
    """An answer that comes too late for that: the run ends all the same, and what remains is told."""
    world.begin(fault("CreateItem", "delay-head", "http", request=1, ms=9000))
    started = time.monotonic()
    report = world.run("write", "--timeout", "2", code=TIME_PASSED)
    took = time.monotonic() - started
    expect(took < 7 * FACTOR, f"took {took:.1f} s")
    seen, _ = world.stopped()
    told = SUBJECT.search(json.dumps([step["message"] for step in runner.steps_of(report).values()]))
    expect(told or seen["items_left"] == 0, f"a draft remains and is not named: {step_of(report, 'write')}")


# ---- at once ----

@test
def two_runs_at_once_leave_nothing(world):
    """Neither takes the draft of the other for a left-over."""
    world.begin(fault("CreateItem", "delay-head", "http", request=[1, 2], ms=600))
    first = world.launch("write", "--json", "first.json")
    world.wait_for("CreateItem")
    time.sleep(0.1 * FACTOR)  # the draft lies there, and its writer waits for the answer
    second = world.launch("write", "--json", "second.json")
    said = [process.communicate(timeout=60 * FACTOR)[0] for process in (first, second)]
    reports = [json.loads((world.folder / name).read_text()) for name in ("first.json", "second.json")]
    for report, text in zip(reports, said):
        expect(report["verdict"]["status"] == "success", f"{report['verdict']}: {text}")
    theirs = step_of(reports[1], "write.leftovers")
    expect("left alone" in theirs["message"] and SUBJECT.search(json.dumps(theirs["details"])), f"{theirs}")
    world.expect_unchanged()


# ---- whose draft it is ----

def ago(minutes):
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)
    return then.strftime("%Y-%m-%dT%H:%M:%S.") + f"{then.microsecond // 1000:03d}Z"


def own_machine(world):
    """The number of this machine, from a subject."""
    world.begin()
    report = world.run("write")
    world.stopped()
    return SUBJECT.search(json.dumps(step_of(report, "write.create")["details"])).group(1)


def draft_test(name, subject_of, stays):
    def function(world):
        machine = own_machine(world)
        subject = "exray test item " + subject_of(machine)
        world.begin(anna={**ANNA, "folders": {**ANNA["folders"], "drafts": {"subjects": ["Offer", subject]}}})
        report = world.run("write")
        step = step_of(report, "write.leftovers")
        seen, held = world.stopped()
        expect(report["verdict"]["status"] == "success", f"{report['verdict']}")
        expect(seen["items_removed"] == (0 if stays else 1), f"{seen['items_removed']} removed: {step}")
        named = [detail["value"] for detail in step["details"] if detail["name"] == ("Left alone" if stays else "Removed")]
        expect(named == [subject], f"{step}")
    function.__name__ = name
    return test(function)


def other(machine):
    return f"{int(machine, 16) ^ 1:08x}"


def gone():
    """The id of a process that was."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


draft_test("a_young_draft_from_another_machine_is_left_alone", lambda machine: f"{ago(5)} {other(machine)}-{gone()}-0a1b2c3d", True)
draft_test("an_old_draft_from_another_machine_is_removed", lambda machine: f"{ago(61)} {other(machine)}-1-0a1b2c3d", False)
draft_test("a_draft_of_a_process_that_runs_here_is_left_alone", lambda machine: f"{ago(0)} {machine}-{os.getpid()}-0a1b2c3d", True)
draft_test("a_draft_of_a_process_that_ended_here_is_removed", lambda machine: f"{ago(0)} {machine}-{gone()}-0a1b2c3d", False)
draft_test("a_draft_from_before_its_process_began_is_removed", lambda machine: f"{ago(50)} {machine}-{os.getpid()}-0a1b2c3d", False)


# ---- what is nobody's business ----

@test
def what_a_user_says_about_his_absence_is_in_no_report(world):
    world.begin(anna={**ANNA, "oof": {"state": "Enabled", "audience": "All"}})
    report = world.run("oof", "--html", "report.html")
    texts = {"JSON": json.dumps(report), "HTML": (world.folder / "report.html").read_text()}
    for name, text in texts.items():
        expect("I am away" not in text, f"the reply is in the {name}")
        expect("OofState" in text and "left out of the report" in text, f"the settings are not in the {name}")


if __name__ == "__main__":
    sys.exit(suite.main())
