#!/usr/bin/env python3
"""The program as a process: exit codes, messages, files, signals, time limits, secrets in argv.

usage: process.py --bin BUILD_DIR [NAME...]
Ends with "N passed, N failed". EXRAY_TIME_FACTOR widens the time bounds.
"""
import contextlib, json, os, pathlib, pty, select, shlex, signal, socket, stat, subprocess, sys, termios, threading, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import scenario as runner
from harness import FACTOR, Suite, World, expect


class OneTest(World):
    """The command that tests one mailbox with a service account."""

    def words(self, *more):
        return self.command("test", "service-account", "--mailbox", "anna@contoso.test", "--account", "CONTOSO\\svc-exray",
                            "--password-file", "pw", "--no-input", *more)

    def test(self, *more):
        return self.exray(*self.words(*more)[1:])


SILENT = [{"layer": "http", "at": {"path": "/EWS/*"}, "do": "silent"}]
suite = Suite(OneTest)
test = suite.test


@test
def usage_errors_are_64_and_name_the_option(world):
    rows = [
        (["frobnicate"], "frobnicate"), (["tset"], "'test'"), (["signin"], "not part of this version"),
        (["test", "nonsense"], "nonsense"), (["--version", "junk"], "--json"), (["test", "ssl-trust"], "--host"),
        (["test", "service-account", "--mailbx", "a@b.test"], "--mailbox"),
        (["test", "service-account", "--mail", "a@b.test"], "--mail"),
        (["test", "service-account", "--password", "x"], "never an option's value"),
        (["test", "service-account"], "--mailbox"),
        (["test", "service-account", "--mailbox"], "needs a value"),
        (["test", "service-account", "--mailbox", "a@b.test"], "--account"),
        (world.words("--timeout", "soon")[1:], "--timeout"), (world.words("--timeout", "0")[1:], "--timeout"),
        (world.words("--folder", "inbx")[1:], "'inbox'"), (world.words("--impersonate-by", "sid")[1:], "--impersonate"),
        (world.words("--impersonate-by", "name")[1:], "smtp-address"), (world.words("--auth", "digest")[1:], "digest"),
        (world.words("--resolve", "a:b:c")[1:], "--resolve"), (world.words("--connect-to", "a:b")[1:], "--connect-to"),
        (world.words("--dns-server", "dns.example")[1:], "--dns-server"), (world.words("--proxy", "ftp://x")[1:], "proxy"),
        (world.words("--proxy", "bad")[1:], "http://HOST:PORT"),
        (world.words("--format", "nagios")[1:], "not part of this version"), (world.words("--format", "xml")[1:], "xml"),
        (world.words("--junit", "x")[1:], "not part of this version"), (world.words("stray")[1:], "stray"),
        (world.words("--no-impersonation", "--impersonate", "b@c.test")[1:], "--no-impersonation"),
        (world.words("--allow-redirect", "a b")[1:], "--allow-redirect"), (["explain", "impersonation.denid"], "impersonation.denied"),
    ]
    for words, needle in rows:
        done = world.exray(*words)
        expect(done.returncode == 64, f"{words}: exit {done.returncode}")
        expect(needle in done.stderr, f"{words}: {done.stderr!r} does not name {needle}")
        expect(not done.stdout, f"{words}: stdout must stay empty")


@test
def unreadable_input_files_are_66(world):
    (world.folder / "empty").write_text("")
    for words in (["--password-file", "nowhere"], ["--ca-file", "nowhere"], ["--ca-file", "pw"], ["--bearer-file", "nowhere"],
                  ["--password-file", "empty"], ["--password-file", "."]):
        done = world.test(*words)
        expect(done.returncode == 66 and words[1] in done.stderr, f"{words}: exit {done.returncode}, {done.stderr}")


@test
def without_a_password_nothing_is_asked_when_told_so(world):
    done = world.exray("test", "service-account", "--mailbox", "a@b.test", "--account", "a@b.test", "--no-input")
    expect(done.returncode == 64 and "--password-file" in done.stderr, done.stderr)


@test
def help_and_version(world):
    for words in (["--help"], ["test", "--list"], ["test", "service-account", "--help"], ["explain"], ["demo", "--help"], []):
        done = world.exray(*words)
        expect(done.returncode == 0 and done.stdout and not done.stderr, f"{words}: exit {done.returncode}")
    expect(json.loads(world.exray("--version", "--json").stdout)["name"] == "exray", "version as JSON")
    text = world.exray("test", "service-account", "--help").stdout
    for later in ("--junit", "--har", "--rca-xml"):
        expect(later not in text, f"--help names {later}, which is not delivered")


@test
def reports_are_private_atomic_and_follow_no_link(world):
    network = world.start()
    (world.folder / "victim").write_text("untouched")
    (world.folder / "a.json").symlink_to(world.folder / "victim")
    done = world.test(*network, "--json", "a.json", "--json", "b.json", "--html", "c.html", "--format", "none")
    expect(done.returncode == 0 and not done.stdout, f"exit {done.returncode}, {done.stdout}{done.stderr}")
    expect((world.folder / "victim").read_text() == "untouched", "a symbolic link was followed")
    for name in ("a.json", "b.json", "c.html"):
        expect(stat.S_IMODE((world.folder / name).stat().st_mode) == 0o600, f"mode of {name}")
    expect(not [name for name in os.listdir(world.folder) if name.startswith(("a.json.", "b.json."))], "a temporary file was left")


@test
def a_place_that_cannot_be_written_is_69(world):
    network = world.start()
    done = world.test(*network, "--json", "no/such/folder/report.json")
    expect(done.returncode == 69 and "no/such/folder" in done.stderr, f"exit {done.returncode}, {done.stderr}")
    done = world.test(*network, "--json", ".")
    expect(done.returncode == 69, f"a folder as a report: exit {done.returncode}")


@test
def a_full_disk_is_told(world):
    network = world.start()
    for words in ([], ["--format", "json"], ["--json", "-"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run(world.words(*network, *words), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, cwd=world.folder)
        expect(done.returncode == 69 and "cannot be written" in done.stderr, f"{words}: exit {done.returncode}, {done.stderr}")


@test
def closed_standard_files_do_no_harm(world):
    network = world.start()
    line = " ".join(shlex.quote(word) for word in world.words(*network, "--json", "left.json"))
    for closing in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(["sh", "-c", f"exec {line} {closing}"], cwd=world.folder, capture_output=True, timeout=60)
        expect(done.returncode == 0, f"{closing}: exit {done.returncode}")
        expect(json.loads((world.folder / "left.json").read_text())["verdict"]["status"] == "success", closing)


@test
def one_report_that_fails_keeps_no_other_from_being_written(world):
    network = world.start()
    os.mkfifo(world.folder / "pipe")
    done = world.test(*network, "--json", "pipe", "--json", "good.json", "--html", "good.html")
    expect(done.returncode == 69 and "not a regular file" in done.stderr, f"exit {done.returncode}, {done.stderr}")
    expect((world.folder / "good.json").exists() and (world.folder / "good.html").exists(), "the other reports are missing")


@test
def a_mistyped_option_does_not_echo_its_value(world):
    done = world.exray("test", "service-account", "--pw=secretsecret")
    expect(done.returncode == 64 and "secretsecret" not in done.stderr, done.stderr)


@test
def json_on_stdout_stands_alone(world):
    network = world.start()
    done = world.test(*network, "--json", "-")
    expect(json.loads(done.stdout)["verdict"]["status"] == "success", done.stdout[:300])
    done = world.test(*network, "--format", "json")
    expect(json.loads(done.stdout)["schema"] == "exray.report/1", done.stdout[:300])


@test
def fail_on_warning_turns_a_warning_into_1(world):
    network = world.start()
    alias = ["--mailbox", "a.berg@contoso.test", "--impersonate", "anna@contoso.test"]
    expect(world.test(*network, *alias).returncode == 0, "a warning exits 0")
    expect(world.test(*network, *alias, "--fail-on", "warning").returncode == 1, "with --fail-on warning it exits 1")


@test
def a_password_comes_by_file_descriptor_or_stdin_too(world):
    network = world.start()
    words = [word for word in world.words(*network, "--json", "-") if word not in ("--password-file", "pw")]
    done = subprocess.run(words + ["--password-stdin"], input="Sim-Passw0rd\n", capture_output=True, text=True, timeout=60, cwd=world.folder)
    expect(done.returncode == 0, done.stderr)
    with open(world.folder / "pw", "rb") as file:
        done = subprocess.run(words + ["--password-fd", str(file.fileno())], capture_output=True, text=True, timeout=60,
                              cwd=world.folder, pass_fds=[file.fileno()])
    expect(done.returncode == 0, done.stderr)


@test
def the_prompt_shows_no_password_and_gives_the_echo_back(world):
    words = world.words()
    del words[words.index("--password-file"):words.index("--password-file") + 3]
    try:
        child, terminal = pty.fork()
    except OSError as error:  # a bare chroot has no /dev/pts
        print(f"       not tried: {error}")
        return
    if not child:
        os.execv(words[0], words)
    time.sleep(0.5 * FACTOR)
    expect(b"Password of" in os.read(terminal, 4096), "no prompt")
    expect(not termios.tcgetattr(terminal)[3] & termios.ECHO, "the terminal echoes the password")
    os.write(terminal, b"\x03")
    time.sleep(0.5 * FACTOR)
    expect(termios.tcgetattr(terminal)[3] & termios.ECHO, "Ctrl-C leaves the terminal without echo")
    expect(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130, "Ctrl-C at the prompt exits 130")


AT_ONCE_MS = 200 * FACTOR


def interrupted(world, number, words):
    """Exit code, milliseconds, output. A busy machine may be late once; a program that does not listen is late each time."""
    for _ in range(3):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=world.folder)
        time.sleep(0.7 * FACTOR)
        sent = time.monotonic()
        process.send_signal(number)
        output = b"".join(process.communicate(timeout=30 * FACTOR))
        elapsed_ms = (time.monotonic() - sent) * 1000
        if elapsed_ms < AT_ONCE_MS:
            break
    return process.returncode, elapsed_ms, output


@test
def a_signal_ends_a_run_at_once_with_a_partial_report(world):
    network = world.start(faults=SILENT)
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        got, elapsed_ms, output = interrupted(world, number, world.words(*network, "--json", "cut.json", "--html", "cut.html"))
        expect(got == code, f"exit {got}, expected {code}: {output.decode()[-500:]}")
        expect(elapsed_ms < AT_ONCE_MS, f"took {elapsed_ms:.0f} ms")
        report = json.loads((world.folder / "cut.json").read_text())
        expect(report["verdict"]["finding"] == "local.cancelled" and report["verdict"]["owner"] == "you", report["verdict"])
        expect(runner.steps_of(report)["ssl-trust"]["status"] == "success", "what was done until then is in the report")


@test
def a_signal_during_a_dns_wait_ends_it_too(world):
    network = world.start(dns=["*.contoso.test ANY drop", "contoso.test ANY drop"])
    got, elapsed_ms, _ = interrupted(world, signal.SIGINT, world.words(*network, "--json", "cut.json"))
    expect(got == 130 and elapsed_ms < AT_ONCE_MS, f"exit {got} after {elapsed_ms:.0f} ms")


@test
def a_signal_during_a_pause_that_the_server_asks_for_ends_it_too(world):
    network = world.start(faults=[{"layer": "ews", "at": {"operation": "GetFolder"}, "do": "fault", "code": "ErrorServerBusy",
                                   "back_off_ms": 20000}])
    got, elapsed_ms, _ = interrupted(world, signal.SIGINT, world.words(*network, "--json", "cut.json"))
    expect(got == 130 and elapsed_ms < AT_ONCE_MS, f"exit {got} after {elapsed_ms:.0f} ms")
    report = json.loads((world.folder / "cut.json").read_text())
    logon = runner.steps_of(report)["logon"]
    expect(report["verdict"]["finding"] == "local.cancelled", report["verdict"])
    expect("20000 ms; waiting was cut short" in [detail["value"] for detail in logon["details"]], f"it was not in the pause: {logon}")


@test
def the_time_limit_of_the_run_is_124_with_a_partial_report(world):
    network = world.start(faults=SILENT)
    started = time.monotonic()
    done = world.test(*network, "--timeout", "1", "--step-timeout", "30", "--json", "cut.json")
    elapsed = time.monotonic() - started
    expect(done.returncode == 124 and elapsed < 1.5 * FACTOR, f"exit {done.returncode} after {elapsed:.1f} s")
    verdict = json.loads((world.folder / "cut.json").read_text())["verdict"]
    expect(verdict["finding"] == "local.timeout" and verdict["owner"] == "you", verdict)


@test
def the_password_is_nowhere_in_the_process(world):
    network = world.start(faults=SILENT)
    process = subprocess.Popen(world.words(*network), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=world.folder)
    time.sleep(0.5 * FACTOR)
    try:
        seen = b"".join(pathlib.Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
    except PermissionError:
        seen = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.kill()
    process.communicate()
    expect(b"Sim-Passw0rd" not in seen, "the password is in argv or the environment")


@test
def no_control_character_reaches_the_terminal(world):
    hostile = "\u001b[2J\u001b]0;owned\u0007 \u202eevil\u0085"
    network = world.start(faults=[{"layer": "http", "at": {"path": "/EWS/*"}, "do": "reply", "status": 403,
                                   "headers": [["Server", "bad \u009b31m server"]], "body": hostile}])
    done = subprocess.run(world.words(*network, "-v"), capture_output=True, timeout=60, cwd=world.folder)
    text = done.stdout.decode()
    bad = [hex(ord(one)) for one in text if (ord(one) < 32 and one != "\n") or 127 <= ord(one) < 160 or one == "\u202e"]
    expect(not bad, f"control characters on the terminal: {bad[:5]}")


@test
def a_closed_stdout_does_not_kill(world):
    network = world.start()
    process = subprocess.Popen(world.words(*network, "--json", "left.json"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=world.folder)
    process.stdout.close()
    process.wait(timeout=30 * FACTOR)
    expect(json.loads((world.folder / "left.json").read_text())["verdict"]["status"] == "success", "the JSON is whole")


class Proxy(threading.Thread):
    """An HTTP proxy that knows CONNECT only: every host is the simulator's port on 127.0.0.2."""

    def __init__(self, ports):
        super().__init__(daemon=True)
        self.ports, self.asked, self.seen = ports, [], b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        self.seen += head
        target = head.split(b" ")[1].decode()
        self.asked.append(target)
        with client, socket.create_connection(("127.0.0.2", self.ports[int(target.rsplit(":", 1)[1])])) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with contextlib.suppress(ConnectionError):  # a client may cut off what it asked for
                self.carry({client: server, server: client})

    @staticmethod
    def carry(pairs):
        while True:
            for one in select.select(list(pairs), [], [])[0]:
                data = one.recv(65536)
                if not data:
                    return
                pairs[one].sendall(data)


@test
def everything_goes_through_the_proxy_and_no_secret_to_it(world):
    world.start()
    ready = world.simulator.ready
    proxy = Proxy({443: ready["https"]})
    done = world.test("--proxy", f"http://127.0.0.1:{proxy.socket.getsockname()[1]}", "--ca-file", ready["ca_file"],
                      "--ews-url", "https://mail.contoso.test/EWS/Exchange.asmx", "--json", "-")
    report = json.loads(done.stdout)
    expect(report["verdict"]["status"] == "success", report["verdict"])
    expect(set(proxy.asked) == {"mail.contoso.test:443"}, proxy.asked)
    expect(b"Authorization" not in proxy.seen and b"anna" not in proxy.seen, proxy.seen)
    expect(report["origin"]["proxy"].startswith("http://127.0.0.1:"), report["origin"])


@test
def behind_a_proxy_the_proxy_is_named_and_not_the_host(world):
    world.start()
    ready = world.simulator.ready
    proxy = Proxy({443: ready["https"]})
    place = f"127.0.0.1:{proxy.socket.getsockname()[1]}"
    done = world.exray("test", "ssl-trust", "--host", "mail.contoso.test", "--proxy", f"http://{place}", "--ca-file", ready["ca_file"],
                       "--no-color", "--json", "a.json", "-v")
    report = json.loads((world.folder / "a.json").read_text())
    steps = runner.steps_of(report)
    expect(done.returncode == 0, f"exit {done.returncode}: {done.stdout}{done.stderr}")
    expect(steps["endpoint"]["message"].startswith(f"The proxy {place} accepts connections"), steps["endpoint"])
    expect(steps["endpoint.dns"]["message"] == f"The proxy {place} has 1 address.", steps["endpoint.dns"])
    expect(steps["ssl-trust.handshake"]["status"] == "success", steps["ssl-trust.handshake"])
    expect("every address" not in report["verdict"]["meaning"], report["verdict"])
    receivers = {one["to"] for one in report["sent"]}
    expect(receivers == {f"mail.contoso.test port 443 through the proxy http://{place}/"}, receivers)
    expect(f"Proxy       http://{place}/" in done.stdout, done.stdout)


@test
def a_proxy_that_is_not_found_or_not_there_is_to_blame_itself(world):
    network = world.start()
    for proxy in ("http://nope.contoso.test:1", "http://127.0.0.77:1"):
        done = world.exray("test", "ssl-trust", "--host", "mail.contoso.test", *network, "--proxy", proxy, "--json", "-")
        report = json.loads(done.stdout)
        verdict, steps = report["verdict"], runner.steps_of(report)
        expect(done.returncode == 1 and verdict["finding"] == "http.proxy-failed", f"{proxy}: {verdict}")
        expect(steps["endpoint"]["message"].startswith(f"The proxy {proxy}/: "), steps["endpoint"])
        expect(not verdict["ruled_out"], verdict["ruled_out"])
        expect(all("mail.contoso.test" not in one["what"] for one in report["sent"]), report["sent"])


@test
def environment_proxies_are_ignored_unless_asked_for(world):
    network = world.start()
    environment = {**os.environ, "https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}
    done = subprocess.run(world.words(*network, "--json", "-"), capture_output=True, text=True, timeout=60, cwd=world.folder, env=environment)
    expect(json.loads(done.stdout)["verdict"]["status"] == "success", done.stdout[:300])
    done = subprocess.run(world.words(*network, "--proxy", "env", "--json", "-"), capture_output=True, text=True, timeout=60,
                          cwd=world.folder, env=environment)
    expect(json.loads(done.stdout)["origin"]["proxy"] == "http://127.0.0.1:9/", done.stdout[:300])


@test
def roots_of_the_machine_come_from_its_folder_or_its_file(world):
    """OpenSSL's own variables name either; a folder of another authority's roots does not make trust."""
    network = world.start()
    network, ca = network[:-2], network[-1]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "other.key",
                    "-out", "other.pem", "-subj", "/CN=another root"], cwd=world.folder, check=True, capture_output=True)
    for name, certificate in (("ours", ca), ("foreign", world.folder / "other.pem")):
        folder = world.folder / name
        folder.mkdir()
        (folder / "root.pem").write_bytes(pathlib.Path(certificate).read_bytes())
        subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)
    verdicts = {}
    for variable, value in (("SSL_CERT_DIR", world.folder / "ours"), ("SSL_CERT_FILE", ca), ("SSL_CERT_DIR", world.folder / "foreign")):
        done = subprocess.run(world.words(*network, "--json", "-"), capture_output=True, text=True, timeout=60 * FACTOR, cwd=world.folder,
                              env={**os.environ, variable: str(value)})
        verdicts[str(value)] = json.loads(done.stdout)["verdict"]["finding"]
    expect(list(verdicts.values()) == [None, None, "autodiscover.no-method"], verdicts)


@test
def the_demo_leaves_its_four_reports(world):
    done = world.exray("demo")
    expect(done.returncode == 0, done.stdout + done.stderr)
    healthy = json.loads((world.folder / "demo-healthy.json").read_text())["verdict"]
    broken = json.loads((world.folder / "demo-broken.json").read_text())["verdict"]
    expect(healthy["status"] == "success" and healthy["finding"] is None, healthy)
    expect(broken["status"] == "error" and broken["finding"] == "impersonation.denied", broken)
    expect(any("New-ManagementRoleAssignment" in (line["command"] or "") for line in broken["remedy"]), "the remedy's command")
    for name in ("demo-healthy.html", "demo-broken.html"):
        expect("<!DOCTYPE html>" in (world.folder / name).read_text(), name)


if __name__ == "__main__":
    sys.exit(suite.main())
