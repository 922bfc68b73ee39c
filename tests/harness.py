"""What the scripts that run the program as a process share: a folder with a simulator and the program, one test after the other,
and what is said of them.

Arguments of each script: --bin BUILD_DIR, then the names of single tests (or --only NAME, as often as wanted). It tells "ok" or
"not ok" of each test and ends with "N passed, N failed". EXRAY_TIME_FACTOR widens the time bounds.
"""
import argparse, json, os, pathlib, sqlite3, subprocess, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import scenario as runner

BASE = runner.BASE
FACTOR = runner.FACTOR
PASSWORD = "Sim-Passw0rd"
SECRET = "Tr0ub4dor-and-3"


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


# ---- where a test runs ----

def network_options(ready):
    """How the program reaches the simulator instead of the world."""
    return ["--dns-server", f"127.0.0.1:{ready['dns']}", "--connect-to", f":443::{ready['https']}",
            "--connect-to", f":80::{ready['http']}", "--ca-file", ready["ca_file"]]


def own_environment(folder):
    """What the program keeps of its own goes into that folder."""
    kept = {name: value for name, value in os.environ.items() if name != "CREDENTIALS_DIRECTORY"}
    return {**kept, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}


class World:
    """A folder, a simulator when one is asked for, and the program. environment None: this process's own."""

    def __init__(self, binaries, folder, environment=None):
        self.bin, self.folder, self.environment, self.simulator = binaries, folder, environment, None
        (folder / "pw").write_text(PASSWORD + "\n")

    def start(self, **changes):
        whole = {**json.loads((BASE / "healthy-exchange-se.json").read_text()), **changes}
        path = self.folder / "scenario.json"
        path.write_text(json.dumps(whole))
        self.simulator = runner.Simulator(self.bin / "exray-sim", path, self.folder)
        return network_options(self.simulator.ready)

    def command(self, *words):
        return [str(self.bin / "exray"), *map(str, words)]

    def exray(self, *words, **how):
        how = {"capture_output": True, "text": True, "timeout": 60 * FACTOR, "cwd": self.folder, "env": self.environment, **how}
        return subprocess.run(self.command(*words), **how)

    def done(self):
        if self.simulator:
            self.simulator.stop()


class Store(World):
    """The program with a state folder of its own; everything it ever wrote is kept for a search of secrets."""

    def __init__(self, binaries, folder):
        super().__init__(binaries, folder, own_environment(folder))
        self.said = []
        (folder / "secret").write_text(SECRET + "\n")

    @property
    def path(self):
        return self.folder / "state/exray/store.db"

    def run(self, *words, code=0, says=(), **how):
        how.setdefault("stdin", subprocess.DEVNULL)
        done = self.exray(*words, **{"timeout": 120 * FACTOR, **how, "env": {**self.environment, **how.get("env", {})}})
        self.said.append(done.stdout + done.stderr)
        expect(done.returncode == code, f"{words}: exit {done.returncode}, not {code}: {done.stdout}{done.stderr}")
        for needle in (says,) if isinstance(says, str) else says:
            expect(needle in done.stdout + done.stderr, f"{words}: {needle!r} is not in {done.stdout}{done.stderr}")
        return done

    def json(self, *words):
        return json.loads(self.run(*words, "--json").stdout)

    def contoso(self, **more):
        """An organisation with a service account and two users."""
        self.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--account",
                 "CONTOSO\\svc-exray", "--password-file", "secret", *more.get("words", ()))
        for name in ("anna", "ben"):
            self.run("user", "add", "--org", "contoso", f"{name}@contoso.test")

    def settled(self):
        """The store as one file: what the log held is in it."""
        connection = sqlite3.connect(self.path)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def refused(world, *words, code, says):
    done = world.run(*words, code=code, says=says)
    expect(not done.stdout, f"{words}: stdout must stay empty: {done.stdout}")


# ---- the tests of a script ----

def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--only", metavar="NAME", action="append", default=[])
    parser.add_argument("names", metavar="NAME", nargs="*")
    options = parser.parse_args()
    return argparse.Namespace(bin=options.bin.resolve(), only=options.only + options.names)


def tell_failure(name, error):
    print(f"not ok {name}: {type(error).__name__}: {error}", flush=True)


def tell_end(passed, failed):
    """Returns the exit code."""
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


class Suite:
    """The tests of a script, each in a world of its own."""

    def __init__(self, world):
        self.world, self.tests = world, []

    def test(self, function):
        self.tests.append(function)
        return function

    def heavy(self, function):
        """Kills and crowds: not where a sanitizer makes everything slow."""
        return self.test(function) if FACTOR == 1 else function

    def passes(self, function, binaries):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="exray-test-") as folder:
            world = self.world(binaries, pathlib.Path(folder))
            try:
                function(world)
            except Exception as error:
                tell_failure(function.__name__, error)
                return False
            finally:
                world.done()
        print(f"ok     {function.__name__} ({time.monotonic() - started:.1f} s)", flush=True)
        return True

    def main(self):
        options = arguments()
        chosen = [one for one in self.tests if not options.only or one.__name__ in options.only]
        failed = sum(not self.passes(one, options.bin) for one in chosen)
        return tell_end(len(chosen) - failed, failed)
