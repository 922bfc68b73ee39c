#!/usr/bin/env python3
"""The bulk check beside what others need for the same questions, in turn, in one run.

    bulk_check.py --bin BUILD_DIR [--users 500] [--jobs 20] [--rounds 5] [--no-memory]

Clients: exray check; curl -Z with the very bodies that exray sends; a bare libcurl loop on as many threads (bare_loop.c), which throws
the answers away; python3-exchangelib in two ways (bulk_peer.py). Servers: a canned nginx; static_server.c, which counts; the same
with 100 ms before each answer. exray's rates are of its per-user phase ("bulk_ms" of its report); its processor time is that of the
whole process, start and endpoint facts included. Figures of one machine at one time are worth nothing elsewhere, ratios are: each
comparison is made round by round and the median is judged.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, tempfile, threading, time

import bulk_servers as servers

HERE = pathlib.Path(__file__).resolve().parent
DELAY_MS = 100
# Who names a file of roots has it read as a whole by every client, which costs each more than it does otherwise.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE")}
PER_USER = 2  # requests


# ---- processes ----

def watch_memory(pid, peak, stop):
    """The high-water mark of the process itself: what wait4 tells may be that of its parent before exec."""
    while not stop.wait(0.02):
        try:
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peak[0] = max(peak[0], int(line.split()[1]))
        except OSError:
            return


def run(words, folder, codes=(0,)):
    """Runs to the end: seconds of the clock, of the processor (the process alone), peak KiB, and what it printed."""
    with open(folder / "out", "w+") as out, open(folder / "err", "w+") as err:
        started = time.perf_counter()
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, env=ENVIRONMENT)
        peak, stop = [0], threading.Event()
        watcher = threading.Thread(target=watch_memory, args=(process.pid, peak, stop))
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        stop.set()
        watcher.join()
    if process.returncode not in codes:
        raise RuntimeError(f"{words[0]}: exit {process.returncode}: {(folder / 'err').read_text()[-3000:]}{(folder / 'out').read_text()[-1000:]}")
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak": peak[0], "out": (folder / "out").read_text()}


# ---- clients ----

class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.exray = options.bin.resolve() / "exray"
        servers.make_certificates(folder)
        self.static = servers.compiled("static_server", "openssl", folder)
        self.bare = servers.compiled("bare_loop", "libcurl", folder)
        (folder / "pw").write_text(servers.PASSWORD + "\n")
        (folder / "pw").chmod(0o600)
        (folder / "userpwd").write_text(f"{servers.LOGON}:{servers.PASSWORD}\n")
        self.bodies = []

    def address(self, number):
        return f"user{number:05}@contoso.test"

    def add_users(self, store, count):
        """An organisation of so many users in a store of its own."""
        width = 5 if count < 100000 else 6
        (self.folder / "users.csv").write_text("email\n" + "".join(f"user{n:0{width}}@contoso.test\n" for n in range(1, count + 1)))
        run([self.exray, "org", "add", "bench", "--access-type", "exchange-impersonation", "--account", servers.LOGON, "--password-file", "pw",
             "--ews-url", servers.URL, "--domain", "contoso.test", "--no-input", "--store", store], self.folder)
        run([self.exray, "user", "import", "--org", "bench", "users.csv", "--store", store], self.folder)

    def check(self, port, store="store.db"):
        done = run([self.exray, "check", "bench", "--store", store, "--jobs", self.options.jobs, "--json", "check.json", "--ca-file", "ca.pem",
                    "--resolve", f"{servers.HOST}:443:127.0.0.1", "--connect-to", f":443::{port}", "--auth", "basic", "--no-input"], self.folder)
        report = json.loads((self.folder / "check.json").read_text())
        users = report["summary"]["success"]
        if users != len(report["users"]):
            raise RuntimeError(f"exray: {report['summary']}, causes {report['causes'][:3]}")
        return {**done, "users": users, "requests": users * PER_USER, "bulk": report["bulk_ms"] / 1000}

    def curl(self, port):
        lines = []
        for number, _ in enumerate(self.bodies):
            lines += ["next"] if number else []
            lines += [f'url = "{servers.URL}"', f'connect-to = "{servers.HOST}:443:127.0.0.1:{port}"', 'cacert = "ca.pem"',
                      f'user = "{servers.LOGON}:{servers.PASSWORD}"'.replace("\\", "\\\\"), 'header = "Content-Type: text/xml; charset=utf-8"',
                      'header = "Accept: text/xml"', f'header = "X-AnchorMailbox: {self.address(1)}"',
                      f'data-binary = "@bodies/{number}"', 'output = "/dev/null"', "fail"]
        (self.folder / "curl.conf").write_text("\n".join(lines))
        done = run(["curl", "-s", "-Z", "--parallel-max", self.options.jobs, "-K", "curl.conf"], self.folder)
        return {**done, "requests": len(self.bodies)}

    def bare_loop(self, port):
        done = run([self.bare, servers.URL, f"{servers.HOST}:443:127.0.0.1:{port}", "ca.pem", "bodies.bin", self.options.jobs, "userpwd"], self.folder)
        told = json.loads(done["out"])
        if told["failed"]:
            raise RuntimeError(f"bare loop: {told}")
        return {**done, "seconds": told["seconds"], "requests": told["requests"]}

    def exchangelib(self, mode):
        def client(port):
            done = run(["/usr/bin/python3", HERE / "bulk_peer.py", f"https://127.0.0.1:{port}/EWS/Exchange.asmx", "ca.pem",
                        self.options.users, self.options.jobs, mode, servers.LOGON, "pw"], self.folder)
            told = json.loads(done["out"])
            if told["failed"]:
                raise RuntimeError(f"exchangelib {mode}: {told}")
            return {**done, **told}
        return client

    # ---- what exray sends ----

    def record(self):
        """One check on a server that keeps the bodies: the others send the same bytes."""
        server = servers.Static(self.static, self.folder, "--record", self.folder / "all.bin")
        try:
            self.check(server.port)
        finally:
            seen = server.stop()
        whole = (self.folder / "all.bin").read_bytes().split(b"\0")[:-1]
        by_user = [body for body in whole if b"ConnectingSID" in body or b"ResolveNames" in body]
        self.keep(by_user[-self.options.users * PER_USER:])
        return seen

    def keep(self, bodies):
        self.bodies = bodies
        (self.folder / "bodies").mkdir(exist_ok=True)
        (self.folder / "bodies.bin").write_bytes(b"".join(body + b"\0" for body in bodies))
        for number, body in enumerate(bodies):
            (self.folder / "bodies" / str(number)).write_bytes(body)

    def resolve_length(self):
        lengths = {len(body) for body in self.bodies if b"ResolveNames" in body}
        others = {len(body) for body in self.bodies if b"ResolveNames" not in body}
        if len(lengths) != 1 or lengths & others:
            raise RuntimeError(f"bodies of {lengths} and {others} bytes cannot be told apart by their length")
        return lengths.pop()


# ---- measuring ----

def rounds_of(bench, clients, start):
    """Each client once, then each again...: what the machine does besides hits all alike. A server for each run."""
    results = {name: [] for name in clients}
    for number in range(bench.options.rounds):
        for name, client in clients.items():
            server = start()
            try:
                result = client(server.port)
            finally:
                seen = server.stop()
            results[name].append({**result, "seen": seen})
            print(f"   round {number + 1} {name:18} {result['requests'] / result.get('bulk', result['seconds']):8.0f} requests/s  "
                  f"{result['cpu'] / result['requests'] * 1e6:7.0f} us CPU each", flush=True)
    return results


def rate(result):
    return result["requests"] / result.get("bulk", result["seconds"])


def cost(result):
    return result["cpu"] / result["requests"]


def median_ratio(ours, theirs, what):
    return statistics.median(what(mine) / what(peer) for mine, peer in zip(ours, theirs))


class Table:
    def __init__(self):
        self.rows, self.failed = [], 0

    def add(self, what, value, bound, good):
        self.rows.append((what, value, bound, "PASS" if good else "FAIL"))
        self.failed += not good

    def note(self, what, value):
        self.rows.append((what, value, "", ""))

    def show(self):
        print()
        for what, value, bound, verdict in self.rows:
            print(f"{what:74} {value:>14}  {bound:18} {verdict}")
        print(f"\n{len([row for row in self.rows if row[3] == 'PASS'])} passed, {self.failed} failed")


def have_exchangelib():
    return subprocess.run(["/usr/bin/python3", "-c", "import exchangelib"], capture_output=True).returncode == 0


def on_canned_nginx(bench, table):
    print("canned nginx")
    clients = {"exray": bench.check, "curl -Z": bench.curl, "bare loop": bench.bare_loop}
    if have_exchangelib():
        clients["exchangelib raw"] = bench.exchangelib("raw")
        clients["exchangelib api"] = bench.exchangelib("api")
    if os.access(servers.NGINX, os.X_OK):
        results = rounds_of(bench, clients, lambda: servers.Nginx(bench.folder, bench.resolve_length()))
    else:
        print("   nginx is not installed: static_server.c stands in for it")
        results = rounds_of(bench, clients, lambda: servers.Static(bench.static, bench.folder))
    ours = results["exray"]
    for name in clients:
        table.note(f"nginx: {name}, requests/s (median)", f"{statistics.median(map(rate, results[name])):.0f}")
    ratio = median_ratio(ours, results["curl -Z"], rate)
    table.add("nginx: exray / curl -Z, requests/s of the same bodies", f"{ratio:.2f}", ">= 0.80", ratio >= 0.8)
    ratio = median_ratio(ours, results["bare loop"], cost)
    table.add("nginx: exray / bare libcurl loop, CPU per request", f"{ratio:.2f}", "<= 1.50", ratio <= 1.5)
    if "exchangelib raw" in results:
        ratio = median_ratio(ours, results["exchangelib raw"], rate)
        table.add("nginx: exray / exchangelib raw, requests/s", f"{ratio:.1f}", ">= 4.0", ratio >= 4)
        table.note("nginx: exray / exchangelib raw, mailboxes/s (it asks one question of each, exray two)", f"{ratio / PER_USER:.1f}")
        for mode in ("raw", "api"):
            ratio = 1 / median_ratio(ours, results[f"exchangelib {mode}"], cost)
            text = f"nginx: exchangelib {mode} / exray, CPU per request"
            table.add(text, f"{ratio:.1f}", ">= 15", ratio >= 15)


def on_a_distant_server(bench, table):
    print(f"static server, {DELAY_MS} ms before each answer")
    start = lambda: servers.Static(bench.static, bench.folder, "--delay", DELAY_MS)
    results = rounds_of(bench, {"exray": bench.check, "curl -Z": bench.curl}, start)
    ideal = bench.options.users * PER_USER * DELAY_MS / 1000 / bench.options.jobs
    took = statistics.median(one["bulk"] for one in results["exray"])
    table.note(f"{DELAY_MS} ms away: curl -Z / ideal", f"{statistics.median(one['seconds'] for one in results['curl -Z']) / ideal:.3f}")
    table.add(f"{DELAY_MS} ms away: exray's per-user phase / ideal of {ideal:.2f} s", f"{took / ideal:.3f}", "<= 1.05", took <= 1.05 * ideal)
    return results["exray"]


def counted(bench, table, seen):
    users, jobs = bench.options.users, bench.options.jobs
    asked = max(one["get_folder"] + one["resolve_names"] for one in seen)
    table.add(f"requests for {users} mailboxes (and the lane's own logon)", str(asked), f"<= {users * PER_USER + 8}", asked <= users * PER_USER + 8)
    connections = max(one["connections"] for one in seen)
    table.add(f"connections for {jobs} jobs (and the endpoint's facts)", str(connections), f"<= {jobs} + 4", connections <= jobs + 4)


def on_many_users(bench, table):
    peaks, spent = {}, {}
    for count in (1000, 100000):
        store = f"store-{count}.db"
        bench.add_users(store, count)
        server = servers.Static(bench.static, bench.folder)
        try:
            result = bench.check(server.port, store)
        finally:
            server.stop()
        peaks[count], spent[count] = result["peak"] / 1024, result["cpu"]
        print(f"   {count:6} users: {result['bulk']:.1f} s, {result['users'] / result['bulk']:.0f} mailboxes/s, {peaks[count]:.1f} MiB")
        table.note(f"peak of memory with {count} users, MiB", f"{peaks[count]:.1f}")
    each = (spent[100000] - spent[1000]) / (99000 * PER_USER)
    table.note("CPU of each further request, from 1,000 to 100,000 users, us", f"{each * 1e6:.0f}")
    more = peaks[100000] - peaks[1000]
    table.add("memory: 100,000 users beyond 1,000, MiB", f"{more:.1f}", "<= 64", more <= 64)


def measure(bench):
    table = Table()
    bench.add_users("store.db", bench.options.users)
    seen = [bench.record()]
    on_canned_nginx(bench, table)
    distant = on_a_distant_server(bench, table)
    counted(bench, table, seen + [one["seen"] for one in distant])
    if not bench.options.no_memory:
        print("memory")
        on_many_users(bench, table)
    table.show()
    return table.failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-memory", action="store_true", help="leave out the 100,000 users")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exray-bench-") as name:
        return 1 if measure(Bench(options, pathlib.Path(name))) else 0


if __name__ == "__main__":
    sys.exit(main())
