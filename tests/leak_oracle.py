#!/usr/bin/env python3
"""The leak oracle: no secret and no mailbox address reaches a server that the rules do not allow (CONTRACT 8).

usage: leak_oracle.py --bin BUILD_DIR [--jobs N] [--keep DIR] [--careless] [NAME...]
Each scenario of tests/leaks/table_*.py is an organisation with something hostile in it. The program runs against it with a user
name, a password, a token and a mailbox address that occur nowhere else; then everything that every server and the name server
received is searched for them in every form. What the scenario's table does not allow is a leak. Before that the oracle proves
itself: leaks that are planted in a log must be found. --careless proves the scenarios: a client without any caution runs against
them instead, and each must catch it.
Prints one line per scenario and ends with "N passed, N failed". EXRAY_TIME_FACTOR widens the time bounds.
"""
import argparse, concurrent.futures, json, pathlib, re, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import scenario as runner
from leaks import canaries, careless, proxy, received, selftest, world
from leaks.table import CASES

NETRC = "machine evil.test login newt8806 password newt8806\nmachine mail.contoso.test login newt8806 password newt8806\n"\
        "default login newt8806 password newt8806\n"


def addresses_of(scenario):
    owners = {}
    for host in scenario["hosts"]:
        for address in [host["address"]] if isinstance(host["address"], str) else host["address"]:
            owners.setdefault(address, host["name"])
    return owners


# ---- what is right ----

def usual(domain):
    """Whom discovery asks whatever happens. The address alone goes to Autodiscover V2, which knows no logon."""
    return {f"{domain} https": set(), f"autodiscover.{domain} https": {"mailbox"}, f"autodiscover.{domain} http": set()}


def leaked(case, blocks):
    """What was received where nobody allows it."""
    wrong, allowed = [], {**usual(case.domain), **case.may}
    for block in blocks:
        kinds = canaries.kinds_in(block.head + block.data) - set(allowed.get(block.place, ()))
        wrong += [f"LEAK: {kind} at {block.place}: {block.data[:400]!r}" for kind in sorted(kinds)]
    return wrong


def strangers(case, blocks):
    """Who was asked at all must be in the table."""
    known = {received.DNS, *usual(case.domain), *case.may, *case.heard, *(place for place, _ in case.came)}
    asked = {block.place for block in blocks}
    return [f"{place} was asked, and is not in the table" for place in sorted((asked - known) | (asked & set(case.silent)))]


def names(case, blocks):
    asked = received.names_asked(blocks)
    expected = {case.domain, f"autodiscover.{case.domain}", f"_autodiscover._tcp.{case.domain}"}
    if case.exact:
        return [] if asked == case.names else [f"the names asked of DNS are {sorted(asked)}, expected {sorted(case.names)}"]
    places = {place.split(" ")[0] for place in [*case.may, *case.heard, *(place for place, _ in case.came)]}
    return [f"DNS was asked for {name}" for name in sorted(asked - expected - places - case.names)]


def happened(case, blocks):
    """A scenario in which nothing happened proves nothing."""
    asked = {block.place for block in blocks}
    wrong = [f"{place} did not receive {what!r}: the scenario did not take place" for place, what in case.came
             if place not in asked or what not in received.requests(blocks, place)]
    for place, kinds in case.reaches.items():
        missing = set(kinds) - canaries.kinds_in(received.requests(blocks, place))
        wrong += [f"{kind} did not arrive at {place}, where it belongs" for kind in sorted(missing)]
    return wrong


def forbidden(case, blocks):
    whole = b"\n".join(block.data for block in blocks)
    wrong = [f"a server received {pattern!r}" for pattern in case.never if re.search(pattern, whole)]
    sent = sum(len(canaries.credentials_in(block.data)) for block in blocks)
    return wrong + ([f"{sent} requests had credentials, expected {case.logons}"] if case.logons not in (None, sent) else [])


def found_at(report, where):
    return {finding["id"] for key, step in runner.steps_of(report).items() for finding in step["findings"]
            if key == where or key.startswith(where + ".") or not where}


def told(case, report):
    """The report says what happened: the finding, at the step where it did."""
    if not case.finds:
        status = report["verdict"]["status"]
        return [] if status in ("success", "warning") else [f"the run ends in {status}: {report['verdict']['finding']}"]
    found = found_at(report, case.at)
    wrong = [] if case.finds in found else [f"finding {case.finds} is not at {case.at or 'any step'}, but {sorted(found)}"]
    return wrong + ([] if report["verdict"]["status"] == case.status else [f"the verdict is {report['verdict']['status']}"])


def is_ambiguous(scenario):
    """Two hosts have one name: where the report says that credentials went does not tell which of them it was."""
    names_of = [name for host in scenario["hosts"] for name in [host["name"], *host.get("aliases", [])]]
    return len(names_of) != len(set(names_of))


def judge(case, scenario, report, blocks, seen):
    wrong = leaked(case, blocks) + strangers(case, blocks) + names(case, blocks) + happened(case, blocks)
    wrong += forbidden(case, blocks) + told(case, report)
    return wrong if is_ambiguous(scenario) else wrong + runner.claims(scenario, report, seen)


# ---- running ----

def environment(case, folder, listener):
    """A home with passwords of its own, which nobody asked for."""
    (folder / ".netrc").write_text(NETRC)
    values = {name: value.replace("{proxy}", str(listener.port if listener else 0)) for name, value in case.environment.items()}
    return ["/usr/bin/env", f"HOME={folder}", f"NETRC={folder}/.netrc", *(f"{name}={value}" for name, value in values.items())]


def listen(case, scenario, ready):
    if case.relay:
        return proxy.Relay("127.0.0.50", ready["https"], case.relay)
    if case.proxy is None:
        return None
    hosts = {line.split(" ")[0]: line.split(" ")[3] for line in scenario["dns"] if " A a " in line}
    return proxy.Listener(hosts, {443: ready["https"], 80: ready["http"]}, **case.proxy)


def words_of(options, case, scenario, ready, folder, listener):
    text = json.dumps(scenario["test"]).replace("{proxy}", str(listener.port if listener else 0))
    return environment(case, folder, listener) + runner.command(options.bin / "exray", {**scenario, "test": json.loads(text)}, ready, folder)


def received_of(case, scenario, options, folder, client):
    """Runs the client in that organisation: what it says, what was received, and what the simulator counted."""
    path = folder / "scenario.json"
    path.write_text(json.dumps(scenario))
    simulator = runner.Simulator(options.bin / "exray-sim", path, folder)
    listener = None
    try:
        listener = listen(case, scenario, simulator.ready)
        said = client(simulator.ready, listener)
    finally:
        seen, _, _ = simulator.stop()
        extra = listener.stop() if listener else []
    return said, received.parse((folder / "requests.log").read_bytes(), addresses_of(scenario)) + extra, seen


def outcome(case, test, options, folder):
    """Runs the program once; what is wrong."""
    scenario = world.scenario(case, test)

    def client(ready, listener):
        return runner.finish(words_of(options, case, scenario, ready, folder, listener), folder, 60 * runner.FACTOR)
    (code, out, err, _), blocks, seen = received_of(case, scenario, options, folder, client)
    if not (folder / "report.json").exists():
        return [f"no report; exit {code}: {(out + err).decode(errors='replace')[-1500:]}"]
    report = json.loads((folder / "report.json").read_text())
    wrong = judge(case, scenario, report, blocks, seen)
    for secret in (canaries.PASSWORD, canaries.TOKEN):
        wrong += runner.leaks(folder, out + err, secret)
    if b"ERROR: " in err or b"WARNING: ThreadSanitizer" in err:
        wrong.append(err.decode(errors="replace")[-3000:])
    return wrong


def caught(case, options, folder):
    """The careless client leaks everywhere; it must be caught where this very scenario leads it to."""
    scenario = world.scenario(case, "service-account")

    def client(ready, listener):
        port = str(listener.port if listener else 0)
        asked = json.loads(json.dumps(scenario["test"]["options"]).replace("{proxy}", port))
        around = {name: value.replace("{proxy}", port) for name, value in case.environment.items()}
        careless.Careless(ready, asked, around).run(climbs=case.exact or case.domain != canaries.DOMAIN)
    _, blocks, _ = received_of(case, scenario, options, folder, client)
    anyway = {received.DNS, *usual(case.domain)} - {place for place, _ in case.came}
    found = [line for line in leaked(case, [block for block in blocks if block.place not in anyway])
             if any(line.startswith(f"LEAK: {kind} ") for kind in case.careless)]
    found += forbidden(case, blocks) + (names(case, blocks) if case.exact else [])
    return [] if found else ["the careless client was not caught"]


def keep(options, name, folder):
    if not options.keep:
        return
    options.keep.mkdir(parents=True, exist_ok=True)
    for file in ("report.json", "requests.log", "scenario.json"):
        if (folder / file).exists():
            (options.keep / f"{name}-{file}").write_bytes((folder / file).read_bytes())


def run(case, options):
    chosen = ["careless"] if options.careless else [test for test in case.tests if test in options.tests]
    wrong = [] if chosen else [f"none of its tests is there: {', '.join(case.tests)}"]
    for test in chosen:
        with tempfile.TemporaryDirectory(prefix="exray-leak-") as name:
            folder = pathlib.Path(name)
            try:
                found = caught(case, options, folder) if options.careless else outcome(case, test, options, folder)
            except Exception as error:  # a scenario that cannot be run has failed
                found = [f"{type(error).__name__}: {error}"]
            keep(options, f"{case.name}-{test}", folder)
            wrong += [f"{test}: {line}" for line in found]
    return wrong


def tests_of(binary):
    listed = subprocess.run([binary, "test", "--list"], capture_output=True, text=True, timeout=60)
    return [name for name in ("service-account", "autodiscover") if re.search(rf"^\s*{name}\b", listed.stdout, re.M)]


def tell(name, wrong):
    print(f"{'not ok' if wrong else 'ok    '} {name}", flush=True)
    for line in wrong:
        print("       " + line.replace("\n", "\n       "))
    return bool(wrong)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--keep", type=pathlib.Path, help="keep reports and logs in this folder")
    parser.add_argument("--careless", action="store_true", help="prove the scenarios with a client that leaks")
    parser.add_argument("name", nargs="*", help="single scenarios")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    options.tests = tests_of(options.bin / "exray")
    proofs = [] if options.name else selftest.proofs(leaked)
    cases = [case for case in CASES if not options.name or case.name in options.name]
    cases = [case for case in cases if case.careless or not options.careless]
    failed = sum(tell(name, wrong) for name, wrong in proofs)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for case, wrong in zip(cases, pool.map(lambda one: run(one, options), cases)):
            failed += tell(case.name, wrong)
    print(f"{len(proofs) + len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
