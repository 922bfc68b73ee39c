#!/usr/bin/env python3
"""Autodiscover: exray beside python3-exchangelib's own autodiscovery, in turn, on the same simulated servers and name server.

    autodiscover.py --bin BUILD_DIR [--rounds 5] [--case NAME]...

Each run has a network of its own (autodiscover_net.py): ports 443, 80 and 53, the system's resolver, at 0 and at 40 ms a round trip,
every packet delayed. Both log on with Basic and trust the same root. What is judged is the time of the whole process, of both: what an
administrator waits for. That includes half a second of Python's imports, so exray's whole process beside discover() alone is told too:
that one favours the peer. Requests are counted by the servers; round trips are what 40 ms added to the time, in units of 40 ms; with
a challenge before the credentials there are at least five: name, TCP, TLS, challenge, question. Figures of one machine at one time are worth nothing elsewhere: ratios
are made round by round, and their median is judged.
"""
import argparse, concurrent.futures, json, os, pathlib, statistics, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import scenario as runner
from bulk_check import Table, have_exchangelib

HERE = pathlib.Path(__file__).resolve().parent
DISTANCES_MS = (0, 40)
LIMIT_S = 120
MAILBOX, LOGON, PASSWORD = "anna@contoso.test", "CONTOSO\\svc-exray", "Sim-Passw0rd"
EWS_URL = "https://mail.contoso.test/EWS/Exchange.asmx"
NOBODY, BLACK_HOLE = "127.0.0.8", "127.0.0.9"
TRIAL = "ip tuntap add dev try mode tun && echo 1 >/proc/sys/net/ipv4/conf/try/route_localnet && mount --bind /etc/hosts /etc/hosts"
NAMESPACES = ["unshare", "--net", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net", "--mount"]


# ---- the organisations ----

MAIL = {"name": "mail.contoso.test", "aliases": [], "address": "127.0.0.2", "serves": ["ews", "autodiscover-pox", "owa"]}
WEBSITE = {"name": "contoso.test", "aliases": ["www.contoso.test"], "address": "127.0.0.1", "serves": ["website"]}
ROOT = {**WEBSITE, "serves": ["autodiscover-pox", "website"]}
NAMES = ["contoso.test A a 127.0.0.1", "mail.contoso.test A a 127.0.0.2"]
AUTODISCOVER_IS_MAIL = "autodiscover.contoso.test CNAME cname mail.contoso.test"
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover"
REDIRECT_ADDR = (f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{OUTLOOK}/responseschema/2006">'
                 f'<Response xmlns="{OUTLOOK}/outlook/responseschema/2006a"><Account><Action>redirectAddr</Action>'
                 '<RedirectAddr>anna@pilot.contoso.test</RedirectAddr></Account></Response></Autodiscover>')


def dead(*names):
    return {"dns": ["elsewhere.test A a 127.0.0.2", *names], "hosts": [MAIL]}


CASES = {
    "host": {"about": "autodiscover.DOMAIN answers, the root is a web site", "dns": [*NAMES, AUTODISCOVER_IS_MAIL],
             "hosts": [{**MAIL, "aliases": ["autodiscover.contoso.test"]}, WEBSITE]},
    "root": {"about": "the root domain answers", "dns": NAMES, "hosts": [MAIL, ROOT]},
    "both": {"about": "the root domain and autodiscover.DOMAIN answer", "dns": [*NAMES, AUTODISCOVER_IS_MAIL],
             "hosts": [{**MAIL, "aliases": ["autodiscover.contoso.test"]}, ROOT]},
    "redirect": {"about": "http://autodiscover.DOMAIN leads to an own host", "dns": [*NAMES, "autodiscover.contoso.test A a 127.0.0.3"],
                 "hosts": [MAIL, WEBSITE, {"name": "autodiscover.contoso.test", "address": "127.0.0.3", "serves": [],
                                           "http_redirect": "https://mail.contoso.test/autodiscover/autodiscover.xml"}],
                 "faults": [{"layer": "wire", "at": {"host": "autodiscover.contoso.test", "port": "https"}, "do": "refuse"}]},
    "srv": {"about": "a service record leads to an own host", "dns": [*NAMES, "_autodiscover._tcp.contoso.test SRV srv 10 0 443 mail.contoso.test"],
            "hosts": [MAIL, WEBSITE]},
    "address": {"about": "redirectAddr within the organisation",
                "dns": [*NAMES, AUTODISCOVER_IS_MAIL, "autodiscover.pilot.contoso.test A a 127.0.0.3"],
                "hosts": [{**MAIL, "aliases": ["autodiscover.contoso.test"]}, WEBSITE,
                          {"name": "autodiscover.pilot.contoso.test", "address": "127.0.0.3", "serves": ["autodiscover-pox"]}],
                "faults": [{"layer": "http", "at": {"path": "/autodiscover/autodiscover.xml", "host": "mail.contoso.test", "who": "logged-on"},
                            "do": "alter", "body": REDIRECT_ADDR}]},
    "soap": {"about": "autodiscover.DOMAIN speaks both protocols; exray is told to ask by SOAP", "exray": ["--method", "soap"],
             "dns": [*NAMES, AUTODISCOVER_IS_MAIL],
             "hosts": [{**MAIL, "aliases": ["autodiscover.contoso.test"], "serves": [*MAIL["serves"], "autodiscover-soap"]}, WEBSITE]},
    "v2": {"about": "autodiscover.DOMAIN has V2 too, which needs no logon; exray is told to ask there", "exray": ["--method", "v2"],
           "dns": [*NAMES, AUTODISCOVER_IS_MAIL],
           "hosts": [{**MAIL, "aliases": ["autodiscover.contoso.test"], "serves": [*MAIL["serves"], "autodiscover-v2"]}, WEBSITE]},
    "no-name": {"about": "all dead: no name exists", **dead()},
    "refused": {"about": "all dead: the names exist, connections are refused",
                **dead(f"contoso.test A a {NOBODY}", f"autodiscover.contoso.test A a {NOBODY}")},
    "black-hole": {"about": "all dead: the names exist, packets are swallowed",
                   **dead(f"contoso.test A a {BLACK_HOLE}", f"autodiscover.contoso.test A a {BLACK_HOLE}")},
}
DEAD = {"no-name", "refused", "black-hole"}


def world(case):
    whole = runner.load(runner.BASE / "healthy-exchange-se.json")
    whole["exchange"]["schemes"] = ["Basic"]
    whole["users"][0]["aliases"] = ["anna@pilot.contoso.test"]
    return {**whole, "faults": [], **{key: value for key, value in CASES[case].items() if key != "exray"}}


# ---- one run ----

class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.runs = options, folder, 0
        self.bin = options.bin.resolve()
        self.clients = {"exray": [self.bin / "exray", "test", "autodiscover", "--mailbox", MAILBOX, "--account", LOGON, "--password-file", "pw",
                                  "--auth", "basic", "--ca-file", "state/ca.pem", "--print-ews-url", "--no-input"],
                        "peer": ["/usr/bin/python3", HERE / "autodiscover_peer.py", MAILBOX, LOGON, "pw", "state/ca.pem"]}

    def spec(self, case, client, distance_ms):
        self.runs += 1
        folder = self.folder / str(self.runs)
        folder.mkdir()
        (folder / "pw").write_text(PASSWORD + "\n")
        (folder / "pw").chmod(0o600)
        (folder / "scenario.json").write_text(json.dumps(world(case)))
        simulator = [self.bin / "exray-sim", "--scenario", folder / "scenario.json", "--state", folder / "state", "--seen", folder / "seen.json"]
        command = [*self.clients[client], *(CASES[case].get("exray", []) if client == "exray" else [])]
        (folder / "spec.json").write_text(json.dumps({
            "folder": str(folder), "simulator": [str(word) for word in simulator], "command": [str(word) for word in command],
            "round_trip_ms": distance_ms, "black_hole": [BLACK_HOLE], "limit_s": LIMIT_S}))
        return folder

    def run(self, case, client, distance_ms):
        folder = self.spec(case, client, distance_ms)
        done = subprocess.run([*NAMESPACES, sys.executable, HERE / "autodiscover_net.py", folder / "spec.json"], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)})
        if done.returncode:
            raise RuntimeError(f"{case}, {client}: {done.stderr[-3000:]}")
        result = json.loads(done.stdout)
        seconds, url = (told if client == "exray" else told_by_peer)(result)
        if result["exit"] is not None and url != (None if case in DEAD else EWS_URL):
            raise RuntimeError(f"{case}, {client}: {url} was found: {result['out'][-2000:]}{result['err'][-2000:]}")
        requests = json.loads((folder / "seen.json").read_text())["requests"]
        return {"seconds": seconds, "whole": result["seconds"], "requests": requests, "ended": result["exit"] is not None}


def told(result):
    """Exit 1 comes with a guess instead of an answer."""
    return result["seconds"], result["out"].strip() if result["exit"] == 0 else None


def told_by_peer(result):
    """Who did not end has taken as long as he was given."""
    if result["exit"] is None:
        return result["seconds"], None
    answer = json.loads(result["out"])
    return answer["seconds"], answer["url"]


# ---- measuring ----

def pairs_of(bench, case, distance_ms):
    """In turn, so that what the machine does besides hits both alike. Who waits for a black hole does nothing else: all at once."""
    rounds = range(bench.options.rounds)
    run = lambda client: bench.run(case, client, distance_ms)
    if case != "black-hole":
        return [(run("exray"), run("peer")) for _ in rounds]
    with concurrent.futures.ThreadPoolExecutor(len(rounds)) as pool:
        both = {client: list(pool.map(run, [client for _ in rounds])) for client in bench.clients}
    return list(zip(both["exray"], both["peer"]))


class Figures:
    """Of one case: what each client took at each distance."""

    def __init__(self, bench, case):
        self.case = case
        self.pairs = {distance: pairs_of(bench, case, distance) for distance in DISTANCES_MS}

    def ms(self, who, distance):
        return statistics.median(pair[who]["seconds"] for pair in self.pairs[distance]) * 1000

    def round_trips(self, who):
        near, far = DISTANCES_MS
        return (self.ms(who, far) - self.ms(who, near)) / (far - near)

    def ratio(self, distance, of="seconds"):
        return statistics.median(peer[of] / ours[of] for ours, peer in self.pairs[distance])

    def requests(self, who, worst):
        return worst(pair[who]["requests"] for pairs in self.pairs.values() for pair in pairs)

    def text_ms(self, who, distance):
        ended = all(pair[who]["ended"] for pair in self.pairs[distance])
        return f"{'' if ended else '>= '}{self.ms(who, distance):.0f}"

    def row(self):
        cells = [f"{self.requests(0, max)}", f"{self.requests(1, min)}"]
        cells += ["-" if self.case == "black-hole" else f"{self.round_trips(who):.1f}" for who in (0, 1)]
        for distance in DISTANCES_MS:
            cells += [self.text_ms(0, distance), self.text_ms(1, distance), f"{self.ratio(distance):.1f}"]
        return cells


def show(figures):
    near, far = DISTANCES_MS
    print(f"\n{'':12}{'requests':>16}{'round trips':>18}{f'ms at {near} ms':>27}{f'ms at {far} ms':>27}")
    print(f"{'case':12}" + "".join(f"{name:>9}" for name in ("exray", "peer", "exray", "peer", "exray", "peer", "ratio", "exray", "peer", "ratio")))
    for one in figures:
        print(f"{one.case:12}" + "".join(f"{cell:>9}" for cell in one.row()))


def judge(figures, table):
    far = DISTANCES_MS[-1]
    for one in figures:
        ours, theirs, bound = one.requests(0, max), one.requests(1, min), 5 if one.case in DEAD else 3
        table.add(f"{one.case}: HTTP requests", str(ours), f"<= {theirs}", ours <= theirs)
        ratio = one.ratio(far, "whole")
        table.add(f"{one.case}: exchangelib / exray, wall time at {far} ms", f"{ratio:.1f}", f">= {bound}.0", ratio >= bound)
    for one in figures:
        table.note(f"{one.case}: the same, exchangelib's discover() alone", f"{one.ratio(far):.1f}")


def measure(bench):
    print(f"a network of two namespaces for each run; every packet is kept back for half of {' or '.join(map(str, DISTANCES_MS))} ms on its way")
    bench.run("host", "exray", 0)
    bench.run("host", "peer", 0)
    figures, table = [], Table()
    for case in bench.options.case or CASES:
        print(f"{case}: {CASES[case]['about']}", flush=True)
        try:
            figures.append(Figures(bench, case))
        except RuntimeError as error:
            print(error)
            table.add(f"{case}: both tell the truth", "no", "yes", False)
    show(figures)
    judge(figures, table)
    table.show()
    return table.failed


def why_not():
    """None: it can be measured here."""
    if not have_exchangelib():
        return "python3-exchangelib is not installed"
    done = subprocess.run([*NAMESPACES, "sh", "-c", TRIAL], capture_output=True, text=True)
    return f"no network of its own can be had ({done.stderr.strip()})" if done.returncode else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case", action="append", choices=CASES)
    options = parser.parse_args()
    obstacle = why_not()
    if obstacle:
        print(f"{obstacle}: nothing to measure against")
        return 0
    with tempfile.TemporaryDirectory(prefix="exray-bench-") as name:
        return 1 if measure(Bench(options, pathlib.Path(name))) else 0


if __name__ == "__main__":
    sys.exit(main())
