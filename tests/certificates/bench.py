"""Where a check of the matrix runs: a folder, the servers that it started, the program; and the list of all checks."""
import contextlib, json, pathlib, subprocess, tempfile, time

import harness
import pki
import servers
import told

CHECKS = []  # in the order in which they were declared


class Check:
    """function(desk) raises when it fails. findings: those that it shows, for --one-per-finding."""

    def __init__(self, name, findings, function):
        self.name, self.findings, self.function = name, findings, function


class Skipped(Exception):
    """This machine lacks what the check needs."""


def check(name, *findings):
    def add(function):
        CHECKS.append(Check(name, {finding for finding, _ in told.meant(findings)}, function))
        return function
    return add


@contextlib.contextmanager
def in_time(step_timeout):
    """Nobody may hold the program up for longer than a step's time limit, and two seconds for everything else."""
    started = time.monotonic()
    yield
    elapsed, limit = time.monotonic() - started, step_timeout + 2
    harness.expect(elapsed < limit * harness.FACTOR, f"it took {elapsed:.1f} s; {limit} s are allowed")


class Desk:
    """What a check has at hand. m: the authorities."""

    def __init__(self, binaries, authorities, validator, inside=None):
        self.bin, self.m, self.validator = binaries, authorities, validator
        self.temporary = tempfile.TemporaryDirectory(prefix="exray-matrix-", dir=inside)
        self.folder, self.running, self.files = pathlib.Path(self.temporary.name), [], 0

    def close(self):
        for one in reversed(self.running):
            one.stop()
        self.temporary.cleanup()

    def start(self, server):
        self.running.append(server)
        return server

    def s_server(self, sent, *options, **how):
        return self.start(servers.SServer(self.folder, sent, *options, **how))

    def nginx(self, *sites):
        if not servers.NGINX:
            raise Skipped("nginx is not installed")
        self.files += 1
        folder = self.folder / f"nginx{self.files}"
        folder.mkdir()
        return self.start(servers.Nginx(folder, *sites))

    def peer(self, serve):
        return self.start(servers.Peer(serve))

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def certificates(self, name, certificates):
        return self.file(name, b"".join(one.pem for one in certificates))

    def run(self, *words, limit=60):
        """The program; stdout and stderr as text, elapsed in seconds."""
        return subprocess.run([self.bin / "exray", "test", "ssl-trust", *map(str, words)], capture_output=True, text=True,
                              cwd=self.folder, env=harness.own_environment(self.folder), stdin=subprocess.DEVNULL,
                              timeout=limit * harness.FACTOR)

    def judged(self, *words, **how):
        """The same with a report: what the program printed, and what it wrote."""
        self.files += 1
        path = self.folder / f"report{self.files}.json"
        done = self.run(*words, "--json", path, **how)
        for trouble in ("ERROR: ", "ThreadSanitizer", "runtime error"):
            harness.expect(trouble not in done.stderr, done.stderr[-3000:])
        harness.expect(path.exists(), f"exit {done.returncode}, and no report: {(done.stdout + done.stderr)[-1500:]}")
        report = json.loads(path.read_text())
        told.fits_schema(report, self.validator)
        return done, report

    def live(self, port, *options, host=pki.HOST, addresses=("127.0.0.1",), roots=None, quiet=True, **how):
        roots = self.certificates("roots.pem", roots or [self.m.root])
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        ascii_name = host.encode("idna").decode() if not host.isascii() else host
        resolve = [] if ":" in host or host[0].isdigit() else ["--resolve", f"{ascii_name}:{port}:{','.join(addresses)}"]
        return self.judged("--host", name, *resolve, "--ca-file", roots, *(["-q"] if quiet else []), *options, **how)

    def offline(self, sent, *options, host=pki.HOST, roots=None, quiet=True, **how):
        roots = self.certificates("roots.pem", roots or [self.m.root])
        chain = self.certificates("chain.pem", sent)
        return self.judged("--chain", chain, "--host", f"[{host}]" if ":" in host else host, "--root", roots,
                           *(["-q"] if quiet else []), *options, **how)

    def must(self, result, *expect, says=(), **how):
        """The result of live() or offline() is exactly this."""
        done, report = result
        told.compare(report, done.returncode, told.meant(expect), says, **how)
        told.clean(done, report, self.folder.glob("report*"))
        return report
