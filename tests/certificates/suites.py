"""That suite.py reads a directory of cases and counts right, on a few cases of this matrix in the public suites' shape."""
import json, pathlib, subprocess, sys

import harness
import pki
from bench import check

SUITE = pathlib.Path(__file__).resolve().parent / "suite.py"


def case(name, sent, roots, result, host=pki.HOST, at=None, **more):
    text = lambda one: one.pem.decode()
    return {"id": name, "features": [], "validation_kind": "SERVER", "trusted_certs": [text(one) for one in roots],
            "untrusted_intermediates": [text(one) for one in sent[1:]], "peer_certificate": text(sent[0]), "peer_certificate_key": None,
            "validation_time": at, "signature_algorithms": [], "key_usage": [], "extended_key_usage": [], "expected_result": result,
            "expected_peer_name": host and {"kind": "IP" if host[0].isdigit() else "DNS", "value": host}, "expected_peer_names": [], **more}


def some_cases(m):
    return [case("sound::plain", m.sent(), [m.root], "SUCCESS"), case("sound::address", m.sent("192.0.2.1"), [m.root], "SUCCESS", "192.0.2.1"),
            case("sound::two-roots", m.sent(), [m.root2, m.root], "SUCCESS"), case("sound::nameless", m.sent(), [m.root], "SUCCESS", None),
            case("san::mismatch", m.sent("other.test"), [m.root], "FAILURE"),
            case("validity::later", m.sent(), [m.root], "FAILURE", at="2044-01-01T00:00:00Z"),
            case("validity::wrongly-expected", m.sent(), [m.root], "FAILURE"),
            case("sound::for-a-client", m.sent(), [m.root], "SUCCESS", validation_kind="CLIENT")]


def run_suite(desk, folder):
    return subprocess.run([sys.executable, SUITE, folder, "--bin", desk.bin], capture_output=True, text=True, timeout=60 * harness.FACTOR)


@check("suite-reads-a-directory")
def reads_a_directory(desk):
    folder = desk.folder / "cases"
    folder.mkdir()
    cases = some_cases(desk.m)
    (folder / "limbo.json").write_text(json.dumps({"version": 1, "testcases": cases[:5]}))
    (folder / "more.json").write_text(json.dumps({"version": 1, "testcases": cases[5:]}))
    done = run_suite(desk, folder)
    for line in ("validity::wrongly-expected", "6 of 7", "san", "1 of 2"):
        harness.expect(line in done.stdout, f"{line!r} is not in {done.stdout + done.stderr}")
    harness.expect(done.stdout.rstrip().endswith("6 passed, 1 failed") and done.returncode == 0, f"exit {done.returncode}: {done.stdout}")


@check("suite-skips-without-a-directory")
def skips(desk):
    done = run_suite(desk, desk.folder / "nowhere")
    harness.expect(done.returncode == 0 and "SKIP" in done.stdout and "0 passed, 0 failed" in done.stdout, done.stdout + done.stderr)
