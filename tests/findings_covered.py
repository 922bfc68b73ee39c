#!/usr/bin/env python3
"""Every finding of the catalogue is produced by a scenario, or named in not-produced.txt with the reason why not.

usage: findings_covered.py --bin BUILD_DIR [--list]
Also: each probe of service-account has a scenario in which its step succeeds and one in which it is error.
--list prints which scenarios produce which finding.
"""
import argparse, collections, json, pathlib, re, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "fixtures" / "scenarios"


def expectations():
    for path in sorted(SCENARIOS.glob("*/*.json")):
        scenario = json.loads(path.read_text())
        if "expect" not in scenario:  # a base may leave it to another one
            continue
        yield path.relative_to(SCENARIOS).with_suffix("").as_posix(), scenario["expect"]


def producers():
    """finding -> the scenarios that expect it, as the verdict or beside it."""
    found = collections.defaultdict(list)
    for name, expect in expectations():
        for finding in {expect["verdict"].get("finding"), *expect.get("findings", [])} - {None}:
            found[finding].append(name)
    return found


def not_produced():
    """finding -> reason. Lines: id, tab, reason; "#" begins a comment."""
    rows = {}
    for line in (SCENARIOS / "not-produced.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            finding, _, reason = line.partition("\t")
            rows[finding] = reason.strip()
    return rows


def statuses():
    """step -> the statuses that some scenario expects of it."""
    seen = collections.defaultdict(set)
    for _, expect in expectations():
        for step, status in expect.get("steps", {}).items():
            seen[step].add(status)
    return seen


def catalogue(binary):
    listed = subprocess.run([binary, "explain", "--json"], check=True, capture_output=True).stdout
    return [entry["finding"] for entry in json.loads(listed)["findings"]]


def probes():
    """The ids of the top-level steps, from the table of probes."""
    names = re.findall(r"^PROBE\((\w+)\)", (ROOT / "probes" / "service_account.h").read_text(), re.M)
    return [name.replace("_", "-") for name in names]


def problems(findings, found, excused, seen):
    known = set(findings)
    for finding in findings:
        if finding not in found and finding not in excused:
            yield f"{finding}: no scenario produces it, and not-produced.txt does not say why"
        if finding in found and finding in excused:
            yield f"{finding}: not-produced.txt names it, but {found[finding][0]} produces it"
    yield from (f"{finding}: not-produced.txt names it without a reason" for finding, reason in excused.items() if not reason)
    yield from (f"{finding}: not in the catalogue, but in not-produced.txt" for finding in excused if finding not in known)
    yield from (f"{finding}: not in the catalogue, but {found[finding][0]} expects it" for finding in found if finding not in known)
    for step in probes():
        yield from (f"step {step}: no scenario expects it to be {status}" for status in ("success", "error") if status not in seen[step])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    findings, found, excused = catalogue(options.bin.resolve() / "exray"), producers(), not_produced()
    if options.list:
        for finding in findings:
            print(f"{finding}: {', '.join(found[finding]) if finding in found else 'not produced: ' + excused.get(finding, '?')}")
    wrong = list(problems(findings, found, excused, statuses()))
    print("\n".join(wrong) if wrong else f"{len(found)} findings in scenarios, {len(excused)} not produced, with reasons")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
