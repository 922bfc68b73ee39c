#!/usr/bin/env python3
"""Holds exray's offline verdict against a public suite of path-validation cases, in the shape of x509-limbo's limbo.json.

usage: suite.py DIR_OR_FILE --bin BUILD_DIR [--only PATTERN]... [--jobs N] [--at-least PERCENT] [--list FILE.json]
Every *.json below the directory with a list "testcases" is read; cases of validation_kind SERVER are run, the others are counted. Exit
code 0 of exray is SUCCESS, 1 is FAILURE. Prints the agreement by group and each disagreement with what was found, and ends with
"N passed, N failed"; a disagreement is for reading, so the exit code is 1 only below --at-least. The cases are not part of this
repository: without them nothing is done.
"""
import argparse, collections, concurrent.futures, fnmatch, json, pathlib, subprocess, sys, tempfile, time

VERDICTS = {0: "SUCCESS", 1: "FAILURE"}


def read_cases(place):
    """All cases of a file or a directory, in their order."""
    paths = [place] if place.is_file() else sorted(place.rglob("*.json")) if place.is_dir() else []
    cases = []
    for path in paths:
        content = json.loads(path.read_text())
        if isinstance(content, dict):
            cases += content.get("testcases", [content] if "peer_certificate" in content else [])
    return cases


def group_of(case):
    """"webpki::san::mismatch" is of the group "webpki::san"."""
    return "::".join(case["id"].split("::")[:-1][:2]) or case["id"]


def words_of(case, folder):
    """The options of one case; its certificates are written into the folder."""
    chain, roots = folder / "chain.pem", folder / "roots.pem"
    chain.write_text("".join(one.rstrip("\n") + "\n" for one in [case["peer_certificate"], *case["untrusted_intermediates"]]))
    roots.write_text("".join(one.rstrip("\n") + "\n" for one in case["trusted_certs"]))
    words = ["--chain", chain, "--root", roots, "--json", folder / "report.json", "-q", "--warn-days", "0", "--crit-days", "0"]
    name = case.get("expected_peer_name")
    if name and name["kind"] in ("DNS", "IP"):
        words += ["--host", f"[{name['value']}]" if ":" in name["value"] else name["value"]]
    if case.get("validation_time"):
        words += ["--at", case["validation_time"]]
    return words


def findings_of(folder):
    path = folder / "report.json"
    if not path.exists():
        return []
    found, stack = [], list(json.loads(path.read_text())["steps"])
    while stack:
        step = stack.pop(0)
        found += [f"{finding['id']}={finding['status']}: {finding['message']}" for finding in step["findings"]]
        stack += step["steps"]
    return found


class Outcome:
    def __init__(self, case, code, findings, elapsed):
        self.id, self.group, self.expected = case["id"], group_of(case), case["expected_result"]
        self.got, self.findings, self.elapsed = VERDICTS.get(code, f"exit {code}"), findings, elapsed
        # What could not be judged at all is a refusal, told apart in the list.
        self.agrees = self.expected == (self.got if code in VERDICTS else "FAILURE")


def run(case, binary):
    with tempfile.TemporaryDirectory(prefix="exray-suite-") as name:
        folder = pathlib.Path(name)
        words = [binary, "test", "ssl-trust", *map(str, words_of(case, folder))]
        started = time.monotonic()
        try:
            done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, errors="replace")
            code, said = done.returncode, done.stderr.strip()
        except subprocess.TimeoutExpired:
            code, said = -1, "it did not end within 60 s"
        elapsed = time.monotonic() - started
        return Outcome(case, code, findings_of(folder) or ([said] if said else []), elapsed)


def tell_groups(outcomes):
    groups = collections.defaultdict(list)
    for one in outcomes:
        groups[one.group].append(one)
    for group, members in sorted(groups.items()):
        good = sum(one.agrees for one in members)
        print(f"  {group:<40} {good} of {len(members)}")


def tell_disagreements(outcomes):
    for one in outcomes:
        if not one.agrees:
            print(f"  {one.id}: expected {one.expected}, got {one.got}")
            for finding in one.findings or ["nothing found"]:
                print(f"      {finding[:300]}")


def tell(outcomes, others):
    accepted = sum(not one.agrees and one.expected == "FAILURE" for one in outcomes)
    refused = sum(not one.agrees and one.expected == "SUCCESS" for one in outcomes)
    good = sum(one.agrees for one in outcomes)
    middle = sorted(one.elapsed for one in outcomes)[len(outcomes) // 2]
    print("Agreement by group:")
    tell_groups(outcomes)
    print("Disagreements:")
    tell_disagreements(outcomes)
    print(f"{good} of {len(outcomes)} agree; accepted against expectation: {accepted}, refused: {refused}; {others} cases are not of servers; "
          f"{middle * 1000:.0f} ms a case (median)")
    print(f"{good} passed, {len(outcomes) - good} failed")
    return good


def write_list(path, outcomes):
    rows = [{"id": one.id, "expected": one.expected, "got": one.got, "agrees": one.agrees, "findings": one.findings} for one in outcomes]
    path.write_text(json.dumps(rows, indent=1) + "\n")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("place", metavar="DIR", type=pathlib.Path, nargs="?")
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--only", metavar="PATTERN", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--at-least", metavar="PERCENT", type=float, default=0)
    parser.add_argument("--list", metavar="FILE", type=pathlib.Path)
    return parser.parse_args()


def main():
    options = arguments()
    cases = read_cases(options.place) if options.place else []
    of_servers = [one for one in cases if one["validation_kind"] == "SERVER" and
                  (not options.only or any(fnmatch.fnmatchcase(one["id"], pattern) or pattern in one["id"] for pattern in options.only))]
    if not of_servers:
        print(f"SKIP the public suite: no cases in {options.place or 'no directory (none given)'}")
        print("0 passed, 0 failed")
        return 0
    binary = options.bin.resolve() / "exray"
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(lambda one: run(one, binary), of_servers))
    good = tell(outcomes, len(cases) - len(of_servers))
    if options.list:
        write_list(options.list, outcomes)
    return int(100 * good < options.at_least * len(outcomes))


if __name__ == "__main__":
    sys.exit(main())
