#!/usr/bin/env python3
"""Runs scenarios: starts exray-sim with the file, runs exray with the file's options, compares with its "expect".

usage: scenario.py --bin BUILD_DIR [--one-per-finding] SCENARIO.json...
Prints one line per scenario and ends with "N passed, N failed". EXRAY_TIME_FACTOR widens the time bounds
(sanitizers are slow). Every run is a leak test too: the password must be nowhere but in the requests that the
rules allow, and a report must fit its schema.
"""
import argparse, base64, concurrent.futures, json, os, pathlib, re, signal, subprocess, sys, tempfile, threading, time

try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASE = ROOT / "fixtures" / "scenarios" / "base"
FACTOR = float(os.environ.get("EXRAY_TIME_FACTOR", "1"))
NOT_OPTIONS = {"password", "token", "trust-ca"}


def load(path):
    scenario = json.loads(pathlib.Path(path).read_text())
    if "extends" not in scenario:
        return scenario
    return {**load(BASE / (scenario["extends"] + ".json")), **scenario}


def steps_of(report):
    found, stack = {}, list(report["steps"])
    while stack:
        step = stack.pop()
        found[step["id"]] = step
        stack += step["steps"]
    return found


def differs(path, expected, actual):
    """What of expected does not hold in actual: objects are compared key by key, {"min", "max"} as a range."""
    if isinstance(expected, dict) and set(expected) <= {"min", "max"} and not isinstance(actual, dict):
        low, high = expected.get("min", 0), expected.get("max", float("inf"))
        return [] if actual is not None and low <= actual <= high else [f"{path}: {actual} is not within {expected}"]
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [line for key, value in expected.items() for line in differs(f"{path}.{key}", value, actual.get(key, 0 if path.endswith("operations") else None))]
    if isinstance(expected, list) and isinstance(actual, list):
        return [] if sorted(map(str, expected)) == sorted(map(str, actual)) else [f"{path}: {actual}, expected {expected}"]
    return [] if expected == actual else [f"{path}: {actual!r}, expected {expected!r}"]


class Simulator:
    def __init__(self, binary, scenario, folder, *more):
        self.seen = folder / "seen.json"
        self.log = folder / "requests.log"
        self.process = subprocess.Popen(
            [binary, "--scenario", scenario, "--state", folder / "state", "--seen", self.seen, "--log", self.log, *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("exray-sim did not start: " + self.process.stderr.read().decode(errors="replace"))
        self.ready = json.loads(line)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=20 * FACTOR)
        return json.loads(self.seen.read_text()), self.process.returncode, errors.decode(errors="replace")


def with_ports(text, ready):
    """A proxy is named by its port, which is known only now: {https}, {http}, {dns}."""
    for name in ("https", "http", "dns"):
        text = text.replace("{" + name + "}", str(ready[name]))
    return text


def command(binary, scenario, ready, folder):
    test = scenario["test"]
    options = test.get("options", {})
    words = [binary, "test", test["name"], "--json", folder / "report.json", "--html", folder / "report.html",
             "--dns-server", f"127.0.0.1:{ready['dns']}", "--no-input", "--no-color"]
    words += ["--connect-to", f":443::{ready['https']}", "--connect-to", f":80::{ready['http']}"]
    if options.get("trust-ca", True):
        words += ["--ca-file", ready["ca_file"]]
    for option, secret in (("password", "password-file"), ("token", "bearer-file")):
        if option in options:
            (folder / option).write_text(options[option] + "\n")
            words += [f"--{secret}", folder / option]
    for name, value in options.items():
        if name in NOT_OPTIONS or value is False:
            continue
        for one in value if isinstance(value, list) else [value]:
            words += [f"--{name}"] if one is True else [f"--{name}", with_ports(str(one), ready)]
    return [str(word) for word in words]


def forms_of(secret):
    """The secret as it may leak: plain, UTF-16, URL-encoded, base64 at each of the three offsets."""
    plain = secret.encode()
    yield plain
    yield secret.encode("utf-16-le")
    for pad in range(3):
        encoded = base64.b64encode(b"x" * pad + plain).rstrip(b"=")
        yield encoded[4 if pad else 0:-2]


def leaks(folder, output, secret):
    places = {"output": output}
    for name in ("report.json", "report.html"):
        path = folder / name
        places[name] = path.read_bytes() if path.exists() else b""
    return [f"the password is in {place}" for place, text in places.items() if any(form in text for form in forms_of(secret))]


# What a hostile server put into its answers to take over whoever looks at the report.
MARKUP = re.compile(rb"<(script|img|svg|iframe)[^>]*exray-canary", re.I)
CONTROLS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]")


def attacks(folder, output):
    """Control characters in any output, and markup of the server's in the HTML report."""
    wrong = ["the terminal got control characters"] if CONTROLS.search(output) else []
    for name in ("report.json", "report.html"):
        text = (folder / name).read_bytes() if (folder / name).exists() else b""
        wrong += [f"control characters are in {name}"] if CONTROLS.search(text) else []
        if name.endswith("html") and MARKUP.search(text):
            wrong.append("the server's markup is in report.html")
    return wrong


def finish(words, folder, limit):
    """Runs to the end. Returns the exit code, stdout and stderr, and the peak of memory in MiB."""
    with open(folder / "stdout", "w+b") as out, open(folder / "stderr", "w+b") as err:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder)
        timer = threading.Timer(limit, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, (folder / "stdout").read_bytes(), (folder / "stderr").read_bytes(), usage.ru_maxrss / 1024


def leaks_to_server(scenario, log, secret):
    """What the servers logged may hold a secret only if the scenario says that credentials went out."""
    sent = scenario["expect"].get("server_saw", {}).get("credentials_sent_to") != []
    return ["the password reached a server"] if not sent and any(form in log for form in forms_of(secret)) else []


def address_went_to(scenario, log):
    """The hosts whose connections carried the mailbox address, encoded or not."""
    mailbox = scenario["test"].get("options", {}).get("mailbox", "").lower().encode()
    blocks = re.split(rb"^--- connection \d+ (\S*).*$", log.lower(), flags=re.M)
    return sorted({host.decode() for host, text in zip(blocks[1::2], blocks[2::2])
                   if mailbox and mailbox in text.replace(b"%40", b"@")})


def server_saw(expect, log):
    """What is expected of the servers' side. A client that never logs on sends the mailbox address nowhere, and any client
    leaves the mailboxes as they were, unless the scenario says otherwise."""
    expected = expect.get("server_saw", {})
    anonymous = expected.get("credentials_sent_to") == [] and b"Authorization: " not in log
    clean = {"items_left": 0, "items_removed": 0, "open_subscriptions": 0}
    return {**clean, **({"address_sent_to": []} if anonymous else {}), **expected}


def claims(scenario, report, seen):
    """Where the report says that credentials went must be where the servers got some."""
    names = {name: host["name"] for host in scenario["hosts"] for name in
             [host["name"], *host.get("aliases", []), *([host["address"]] if isinstance(host["address"], str) else [])]}
    told = {sent["to"].split(" ")[0] for sent in report["sent"] if sent["credentials"] != "none"}
    return differs("sent", seen["credentials_sent_to"], [*{names.get(host, host) for host in told}])


STEPS = {"service-account": ["input", "autodiscover", "endpoint", "ssl-trust", "logon", "inbox", "smtp-address"],
         "ssl-trust": ["input", "endpoint", "ssl-trust"],
         "autodiscover": ["input", "autodiscover"]}
ASKED_FOR = ["write", "rooms", "oof", "availability", "sync", "scope", "extended-protection"]
SLOT = re.compile(r"<(account|code|domain|ews_url|folder|host|impersonated|mailbox|primary)>")


def shown_right(verdict):
    return verdict["ruled_out"] + ([verdict["meaning"]] if verdict["status"] == "success" else [])


def shape(report):
    """What holds for every report: the order of the steps, what blocks what, times that nest, no slot left open."""
    wrong, steps = [], steps_of(report)
    ids = [step["id"] for step in report["steps"]]
    if ids != STEPS[report["test"]] + [id for id in ASKED_FOR if id in ids]:
        wrong.append(f"the steps are {ids}")
    for key, step in steps.items():
        blocker = step.get("blocked_by")
        if blocker and steps.get(blocker, {"status": "missing"})["status"] not in ("error", "warning"):
            wrong.append(f"{key} is blocked by {blocker}, which did not fail")
        if step["message"] is None:
            wrong.append(f"{key} has no message")
        end = step["started_ms"] + step["elapsed_ms"] + 5
        wrong += [f"{child['id']} ends later than {key}" for child in step["steps"] if child["started_ms"] + child["elapsed_ms"] > end]
    if not report["target"]["impersonate"] and any("impersonat" in text for text in shown_right(report["verdict"])):
        wrong.append("impersonation is said to be in order, but was not used")
    wrong += [f"an open slot in the verdict: {slot}" for slot in set(SLOT.findall(json.dumps(report["verdict"])))]
    wrong += [f"{place} tells of (null)" for place, what in report.items() if "(null)" in json.dumps(what)]
    return wrong


def slow(times, steps):
    """Steps that took another time than allowed; the upper bounds are widened for slow builds."""
    for key, bounds in times.items():
        widened = {"min": bounds.get("min", 0), "max": bounds.get("max", 60000) * FACTOR}
        yield from differs(f"times.{key}", widened, steps.get(key, {"elapsed_ms": None})["elapsed_ms"])


def answers(expected, actual):
    """The answers of Autodiscover one by one, as far as the scenario names what they hold."""
    if len(expected) != len(actual):
        return [f"answers: there are {len(actual)}, expected {len(expected)}: {actual}"]
    return [line for i, (want, got) in enumerate(zip(expected, actual)) for line in differs(f"answers.{i}", want, got)]


def judge(scenario, report, code, elapsed_ms, seen, log):
    expect = scenario["expect"]
    wrong = differs("exit", expect.get("exit", code), code)
    if elapsed_ms > expect.get("within_ms", 60000) * FACTOR:
        wrong.append(f"took {elapsed_ms:.0f} ms, allowed are {expect['within_ms']} ms")
    wrong += differs("verdict", expect.get("verdict", {}), report["verdict"])
    steps = steps_of(report)
    wrong += differs("steps", expect.get("steps", {}), {key: step["status"] for key, step in steps.items()})
    wrong += differs("facts", expect.get("facts", {}), report["facts"])
    if "answers" in expect:
        wrong += answers(expect["answers"], report["facts"]["autodiscover_answers"])
    wrong += slow(expect.get("times", {}), steps)
    found = {finding["id"] for step in steps.values() for finding in step["findings"]}
    wrong += [f"finding {name} is missing" for name in expect.get("findings", []) if name not in found]
    wrong += [f"finding {name} is there" for name in expect.get("no_findings", []) if name in found]
    wrong += differs("blocked_by", expect.get("blocked_by", {}), {key: step.get("blocked_by") for key, step in steps.items()})
    for key, words in expect.get("messages", {}).items():
        message = steps.get(key, {}).get("message") or ""
        wrong += [] if words in message else [f"messages.{key}: {message!r} does not hold {words!r}"]
    remedy = json.dumps(report["verdict"]["remedy"], ensure_ascii=False)
    wrong += [f"the remedy does not hold {words!r}: {remedy}" for words in expect.get("remedy", []) if words not in remedy]
    cause = report["verdict"]["cause"] or ""
    wrong += [f"the cause does not hold {words!r}: {cause}" for words in expect.get("cause", []) if words not in cause]
    wrong += [f"the cause holds {words!r}: {cause}" for words in expect.get("no_cause", []) if words in cause]
    wrong += [f"the remedy holds {words!r}: {remedy}" for words in expect.get("no_remedy", []) if words in remedy]
    for step, details in expect.get("details", {}).items():
        actual = {detail["name"]: detail["value"] for detail in steps.get(step, {"details": []})["details"]}
        wrong += differs(f"details.{step}", details, actual)
    wrong += shape(report) + claims(scenario, report, seen)
    seen = {**seen, "hosts": {host: of["requests"] for host, of in seen.get("hosts", {}).items()}}
    return wrong + differs("server_saw", server_saw(expect, log), {**seen, "address_sent_to": address_went_to(scenario, log)})


def run(path, options):
    scenario = load(path)
    with tempfile.TemporaryDirectory(prefix="exray-scenario-") as name:
        folder = pathlib.Path(name)
        simulator = Simulator(options.bin / "exray-sim", path, folder)
        words = command(options.bin / "exray", scenario, simulator.ready, folder)
        started = time.monotonic()
        try:
            code, stdout, stderr, memory_mib = finish(words, folder, 120 * FACTOR)
        finally:
            elapsed_ms = (time.monotonic() - started) * 1000
            seen, sim_code, sim_errors = simulator.stop()
        if options.keep:
            (pathlib.Path(options.keep)).mkdir(exist_ok=True)
            for file in folder.glob("report.*"):
                (pathlib.Path(options.keep) / (pathlib.Path(path).parent.name + "-" + pathlib.Path(path).stem + file.suffix)).write_bytes(file.read_bytes())
        output = stdout + stderr
        if not (folder / "report.json").exists():
            return [f"no report; exit {code}: {output.decode(errors='replace')[-2000:]}"]
        report = json.loads((folder / "report.json").read_text())
        log = simulator.log.read_bytes()
        wrong = judge(scenario, report, code, elapsed_ms, seen, log)
        limit_mib = scenario["expect"].get("memory_mib")
        if limit_mib and FACTOR == 1 and memory_mib > limit_mib:  # sanitizers use a multiple
            wrong.append(f"took {memory_mib:.0f} MiB, allowed are {limit_mib} MiB")
        if b"ERROR: " in stderr or b"WARNING: ThreadSanitizer" in stderr:
            wrong.append(stderr.decode(errors="replace")[-4000:])
        if sim_code:
            wrong.append(f"exray-sim ended with {sim_code}: {sim_errors[-2000:]}")
        if options.validator:
            wrong += [f"schema: {error.json_path}: {error.message}" for error in options.validator.iter_errors(report)][:3]
        asked = scenario["test"].get("options", {})
        for secret in [asked[name] for name in ("password", "token") if name in asked]:
            wrong += leaks(folder, output, secret)
            wrong += leaks_to_server(scenario, log, secret)
        wrong += attacks(folder, output)
        if wrong and options.verbose:
            wrong.append(output.decode(errors="replace"))
        return wrong


def guarded(path, options):
    try:
        return path, run(path, options)
    except Exception as error:  # a scenario that cannot be run has failed
        return path, [f"{type(error).__name__}: {error}"]


def one_per_finding(paths):
    """Those that show a finding first, and the first success of each folder: what a sanitizer is given."""
    seen, chosen = set(), []
    for path in paths:
        expect = load(path).get("expect", {})
        shown = {expect.get("verdict", {}).get("finding"), *expect.get("findings", [])} - {None}
        shown = shown or {pathlib.Path(path).parent.name}
        if shown - seen:
            chosen.append(path)
        seen |= shown
    return chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--schema", default=ROOT / "reports" / "schema" / "report-1.schema.json")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--keep", help="keep the reports in this folder")
    parser.add_argument("--one-per-finding", action="store_true", help="not all: one that shows each finding")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("scenario", nargs="+")
    options = parser.parse_args()
    if options.one_per_finding:
        options.scenario = one_per_finding(options.scenario)
    options.bin = options.bin.resolve()
    options.validator = None
    if jsonschema:
        options.validator = jsonschema.Draft202012Validator(json.loads(pathlib.Path(options.schema).read_text()))
    else:
        print("python3-jsonschema is missing: reports are not held against the schema")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for path, wrong in pool.map(lambda one: guarded(one, options), options.scenario):
            failed += bool(wrong)
            name = pathlib.Path(path).resolve().relative_to(ROOT / "fixtures" / "scenarios").with_suffix("")
            print(f"{'not ok' if wrong else 'ok    '} {name}", flush=True)
            for line in wrong:
                print("       " + line.replace("\n", "\n       "))
    print(f"{len(options.scenario) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
