"""What a report says of a certificate, and what it must say."""
import json, re

import harness
import scenario as runner

# Those that clients tolerate; everything else is an error.
WARNINGS = {"expires-soon", "chain-disordered", "chain-extra", "path-ambiguous", "nonconforming", "key-unusual", "validity-too-long",
            "staple-missing", "revocation-unknown", "interception-suspected", "old-protocols-offered", "newest-protocol-only", "weak-ciphers-offered",
            "renegotiation-insecure", "default-certificate-differs", "client-certificate-requested", "addresses-differ", "trust-ignored"}

# The child step under which a finding belongs, when it is told of the certificate that was chosen and not of another address.
PLACES = {"name": ("name-mismatch",), "chain": ("chain-incomplete", "chain-disordered", "chain-extra", "path-ambiguous"),
          "trust": ("self-signed", "untrusted-root", "interception-suspected", "trust-ignored"),
          "dates": ("expired", "not-yet-valid", "expires-soon", "validity-too-long"),
          "revocation": ("revoked", "revocation-unknown", "staple-missing"), "purpose": ("bad-purpose", "nonconforming"),
          "strength": ("weak-key", "weak-signature", "key-unusual"),
          "protocols": ("old-protocols-offered", "newest-protocol-only", "weak-ciphers-offered", "renegotiation-insecure"),
          "handshake": ("handshake-failed", "not-tls", "protocol-too-old"),
          "client-certificate": ("client-certificate-requested",),  # required: a failed handshake in TLS 1.2
          "default-certificate": ("default-certificate-differs",), "addresses": ("addresses-differ",)}
PLACE_OF = {f"tls.{finding}": f"ssl-trust.{place}" for place, findings in PLACES.items() for finding in findings}

# What has no business on a terminal: controls, and the marks that turn the direction of text.
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def meant(words):
    """"expired" or "expires-soon=error": the finding with its status."""
    pairs = [word.partition("=")[::2] for word in words]
    return {(name if "." in name else f"tls.{name}", status or ("warning" if name in WARNINGS else "error")) for name, status in pairs}


def exit_of(findings):
    return int(any(status == "error" for _, status in findings))


def steps_below(report, step="ssl-trust"):
    return {key: one for key, one in runner.steps_of(report).items() if key == step or key.startswith(step + ".")}


def found(report):
    return {(finding["id"], finding["status"]) for step in steps_below(report).values() for finding in step["findings"]}


def texts(value):
    """Every text inside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


def misplaced(report):
    return [f"{finding['id']} is told under {key}" for key, step in steps_below(report).items() for finding in step["findings"]
            if key != "ssl-trust.addresses" and PLACE_OF.get(finding["id"], key) != key]


def inconsistent(report):
    """A step is as bad as the worst of its findings and children, and no better."""
    order = ["skipped", "success", "warning", "error"]
    wrong = []
    for key, step in steps_below(report).items():
        worst = max([one["status"] for one in step["findings"] + step["steps"]], key=order.index, default=step["status"])
        if order.index(step["status"]) != max(order.index(worst), 1) and (step["findings"] or step["steps"]):
            wrong.append(f"{key} is {step['status']}, but its worst part is {worst}")
    return wrong


def told_below(report):
    return "\n".join(texts([[step["message"], step["findings"], step["details"]] for step in steps_below(report).values()]))


def readable(findings):
    return ", ".join(f"{name}={status}" for name, status in sorted(findings)) or "nothing"


def compare(report, code, wanted, words=()):
    """Raises when a report does not say exactly this."""
    actual = found(report)
    harness.expect(actual == wanted, f"it found {readable(actual)}; expected {readable(wanted)}:\n       " +
                   "\n       ".join(f"{key}: {step['message']}" for key, step in steps_below(report).items() if step["status"] != "success"))
    harness.expect(code == exit_of(wanted), f"exit {code}, expected {exit_of(wanted)}")
    wrong = misplaced(report) + inconsistent(report)
    harness.expect(not wrong, "; ".join(wrong))
    for word in words:
        harness.expect(word.lower() in told_below(report).lower(), f"{word!r} is not told: {told_below(report)[:1500]}")


def messages(report):
    """What is said in sentences; facts and details may quote what a peer sent."""
    for step in runner.steps_of(report).values():
        yield from texts([step["message"], [finding["message"] for finding in step["findings"]]])
    yield from texts(report["verdict"])


def clean(done, report=None, files=()):
    """Nothing raw in what was printed, in the files as they are, nor in any sentence of the report."""
    places = [("stdout", done.stdout), ("stderr", done.stderr), *((path.name, path.read_text()) for path in files)]
    for name, text in places + [("a message", one) for one in messages(report or {"steps": [], "verdict": None})]:
        seen = RAW.search(text)
        harness.expect(not seen, f"{name} holds {seen and seen[0]!r}: {seen and text[max(0, seen.start() - 40):seen.end() + 40]!r}")


def fits_schema(report, validator):
    wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(report)][:3] if validator else []
    harness.expect(not wrong, f"the report does not fit its schema: {wrong}")


def schema_validator():
    path = runner.ROOT / "reports" / "schema" / "report-1.schema.json"
    return runner.jsonschema.Draft202012Validator(json.loads(path.read_text())) if runner.jsonschema and path.exists() else None
