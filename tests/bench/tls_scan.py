#!/usr/bin/env python3
"""What a TLS server offers and which certificate it shows: exray beside sslscan and testssl.sh, in turn, in one run.

    tls_scan.py --bin BUILD_DIR [--rounds 7] [--slow-rounds 1]

The questions: TLS 1.0 to 1.3, four classes of ciphers, insecure renegotiation, and the facts of the certificate. exray also judges
the chain and writes its JSON. sslscan runs twice: its full scan, and with all that exray does not ask left out; both list every
cipher, because its answers about classes come from that list. testssl.sh (protocols, cipher categories, server defaults) takes most
of a minute, so it has rounds of its own count; it is not asked about renegotiation, and its cipher categories have no counterpart
to two of the classes. Servers: an nginx as many are today, and an openssl s_server with all that OpenSSL still can.

Figures of one machine at one time are worth nothing elsewhere, ratios are: each is taken round by round and the median is judged.
Exit code 1: the answers differ, or exray is not 10 times as fast as the full scan of sslscan.
"""
import argparse, base64, datetime, hashlib, json, os, pathlib, re, shutil, socket, statistics, subprocess, sys, tempfile, time
import xml.etree.ElementTree as ElementTree

HOST = "mail.contoso.test"
GOAL = 10
PROTOCOLS = ["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
CLASSES = ["no protection", "broken", "no secrecy", "CBC mode"]
CERTIFICATE = ["certificate ends", "certificate's key", "certificate's SHA-256"]
QUESTIONS = [*PROTOCOLS, *CLASSES, "insecure renegotiation", *CERTIFICATE]

NGINX_CONF = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl; server_name {host}; ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        location / {{ return 200 "here\\n"; }}
    }}
}}
"""


# ---- servers ----

def make_certificates(folder):
    """ca.pem, and leaf.pem with leaf.key: of RSA, which every class of ciphers can use."""
    openssl = ["openssl", "req", "-x509", "-new", "-newkey", "rsa:2048", "-nodes", "-days", "90"]
    subprocess.run([*openssl, "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=exray bench root",
                    "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
                   check=True, capture_output=True)
    subprocess.run([*openssl, "-keyout", folder / "leaf.key", "-out", folder / "leaf.pem", "-subj", f"/CN={HOST}",
                    "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-addext", f"subjectAltName=DNS:{HOST},IP:127.0.0.1",
                    "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature,keyEncipherment",
                    "-addext", "extendedKeyUsage=serverAuth"], check=True, capture_output=True)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    """A process that serves TLS on a port of the loopback until stop()."""

    def __init__(self, name, port, words, folder):
        self.name, self.target = name, f"127.0.0.1:{port}"
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"{name} does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def nginx(folder):
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, port=port, host=HOST))
    return Server("nginx, TLS 1.2 and 1.3, its usual ciphers", port, ["/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf"], folder)


def s_server(folder):
    port = free_port()
    return Server("openssl s_server, TLS 1.0 to 1.3, all ciphers", port,
                  ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "leaf.pem", "-key", "leaf.key", "-www", "-quiet",
                   "-min_protocol", "TLSv1", "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], folder)


# ---- clients: a command, and what it found, as {question: answer}; a question that it was not asked is not in it ----

class Exray:
    name = "exray"

    def __init__(self, program):
        self.program = program

    def words(self, target):
        return [self.program, "test", "ssl-trust", "--host", target, "--ca-file", "ca.pem", "--json", "exray.json", "-q"]

    def answers(self, folder):
        report = json.loads((folder / "exray.json").read_text())
        facts = report["facts"]
        found = dict(zip([*PROTOCOLS, *CLASSES], (offer["answer"] == "yes" for offer in facts["offers"])))
        found["insecure renegotiation"] = '"tls.renegotiation-insecure"' in json.dumps(report)
        leaf = next(one for one in facts["certificates"] if one["position"] == 0)
        found["certificate ends"] = leaf["not_after"][:16].replace("T", " ")
        found["certificate's key"] = re.sub(r"[^0-9]*(\d+) bit.*", r"\1", leaf["key"])
        found["certificate's SHA-256"] = leaf["sha256"].lower().replace(":", "")
        return found


class Sslscan:
    def __init__(self, name, *options):
        self.name, self.options = name, options

    def words(self, target):
        return ["sslscan", "--no-colour", "--show-certificate", *self.options, "--xml=sslscan.xml", target]

    @staticmethod
    def classes_of(cipher):
        """OpenSSL's name of a cipher of TLS 1.2 and before."""
        anonymous = cipher.startswith(("ADH-", "AECDH-"))
        if "NULL" in cipher or anonymous or cipher.startswith("EXP"):
            return {"no protection"}
        broken = {"broken"} if re.search(r"RC4|DES|IDEA|RC2", cipher) else set()
        if not cipher.startswith(("ECDHE-", "DHE-", "EDH-")):
            return broken | {"no secrecy"}
        return broken or (set() if re.search(r"GCM|CCM|POLY1305", cipher) else {"CBC mode"})

    def answers(self, folder):
        root = ElementTree.parse(folder / "sslscan.xml").getroot()
        enabled = {one.get("version"): one.get("enabled") == "1" for one in root.iter("protocol") if one.get("type") == "tls"}
        found = {f"TLS {version}": yes for version, yes in enabled.items()}
        ciphers = [one.get("cipher") for one in root.iter("cipher") if one.get("sslversion") != "TLSv1.3"]
        offered = set().union(*map(self.classes_of, ciphers))
        found.update({each: each in offered for each in CLASSES})
        renegotiation = root.find(".//renegotiation")  # a server that refuses all of it is "not supported, not secure"
        found["insecure renegotiation"] = renegotiation.get("supported") == "1" and renegotiation.get("secure") == "0"
        short = root.find(".//certificate[@type='short']")
        ends = datetime.datetime.strptime(short.findtext("not-valid-after"), "%b %d %H:%M:%S %Y GMT")
        found["certificate ends"] = ends.strftime("%Y-%m-%d %H:%M")
        found["certificate's key"] = short.find("pk").get("bits")
        blob = re.sub(r"-----[A-Z ]+-----|\s", "", root.findtext(".//certificate-blob"))
        found["certificate's SHA-256"] = hashlib.sha256(base64.b64decode(blob)).hexdigest()
        return found


class Testssl:
    name = "testssl.sh"

    def words(self, target):
        return ["testssl", "--quiet", "--warnings", "batch", "--color", "0", "--nodns", "none", "--jsonfile", "testssl.json",
                "-p", "-s", "-S", target]

    def answers(self, folder):
        said = {one["id"]: one["finding"] for one in json.loads((folder / "testssl.json").read_text())}
        yes = lambda *ids: any(said[each].startswith("offered") for each in ids)
        found = {"TLS 1.0": yes("TLS1"), "TLS 1.1": yes("TLS1_1"), "TLS 1.2": yes("TLS1_2"), "TLS 1.3": yes("TLS1_3")}
        found["no protection"] = yes("cipherlist_NULL", "cipherlist_aNULL", "cipherlist_EXPORT")
        found["broken"] = yes("cipherlist_LOW", "cipherlist_3DES_IDEA")
        found["certificate ends"] = said["cert_notAfter"]
        found["certificate's key"] = re.search(r"\d+", said["cert_keySize"])[0]
        found["certificate's SHA-256"] = said["cert_fingerprintSHA256"].lower()
        return found


# ---- measuring ----

def run(client, target, folder):
    """Seconds of the clock and of the processor, those of its children included, and what it found."""
    for name in ("exray.json", "sslscan.xml", "testssl.json"):  # of a round before
        (folder / name).unlink(missing_ok=True)
    with open(folder / "out", "wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen([str(word) for word in client.words(target)], stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    try:
        answers = client.answers(folder)
    except (OSError, LookupError, ValueError, AttributeError, StopIteration, ElementTree.ParseError) as error:
        said = (folder / "out").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{client.name}: exit {process.returncode}, {type(error).__name__}: {error}\n{said}") from error
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "answers": answers}


def in_rounds(clients, slow, target, folder, options):
    results = {client.name: [] for client in clients}
    for each in range(options.rounds + 1):
        for client in clients:
            if client is slow and not 1 <= each <= options.slow_rounds:
                continue
            one = run(client, target, folder)
            if each:  # the first round warms up
                results[client.name].append(one)
    return {name: rounds for name, rounds in results.items() if rounds}


def ratios(results, name, what):
    pairs = zip(results[name], results["exray"])
    return sorted(theirs[what] / max(ours[what], 1e-6) for theirs, ours in pairs)


def show_times(results):
    for name, rounds in results.items():
        wall, cpu = (statistics.median(one[what] for one in rounds) for what in ("seconds", "cpu"))
        line = f"{name:27} {wall * 1000:9.1f} ms, CPU {cpu * 1000:8.1f} ms"
        if name != "exray":
            time_ratios, cpu_ratios = ratios(results, name, "seconds"), ratios(results, name, "cpu")
            line += (f"   ratio {statistics.median(time_ratios):7.1f} (from {time_ratios[0]:.1f} to {time_ratios[-1]:.1f}), "
                     f"of CPU {statistics.median(cpu_ratios):6.1f}; {len(rounds)} rounds")
        print(line)


def shown(answers, question):
    if question not in answers:
        return "-"
    answer = answers[question]
    return ("yes" if answer else "no") if isinstance(answer, bool) else answer[:16]


def compare_answers(results):
    """Prints who says what; the number of questions on which somebody differs from exray, or from itself."""
    differing = 0
    names = list(results)
    print(f"\n{'':24}" + "".join(f"{name:28}" for name in names))
    for question in QUESTIONS:
        said = [one["answers"][question] for rounds in results.values() for one in rounds if question in one["answers"]]
        same = all(answer == said[0] for answer in said)
        differing += not same
        print(f"{question:24}" + "".join(f"{shown(results[name][-1]['answers'], question):28}" for name in names) + ("" if same else "DIFFERS"))
    return differing


def measure(options, folder):
    make_certificates(folder)
    slow = Testssl()
    clients = [Exray(options.bin.resolve() / "exray"), Sslscan("sslscan, full scan"),
               Sslscan("sslscan, without the rest", "--no-heartbleed", "--no-compression", "--no-fallback", "--no-groups", "--no-cipher-details"), slow]
    failed = 0
    for start in (nginx, s_server):
        server = start(folder)
        try:
            results = in_rounds(clients, slow, server.target, folder, options)
        finally:
            server.stop()
        print(f"\n{server.name}")
        show_times(results)
        differing = compare_answers(results)
        faster = statistics.median(ratios(results, "sslscan, full scan", "seconds"))
        failed += (faster < GOAL) + (differing > 0)
        print(f"{'met' if faster >= GOAL else 'MISSED'}: {faster:.1f} times as fast as the full scan of sslscan (goal: {GOAL})")
        print(f"{'met' if not differing else 'MISSED'}: all give the same answers ({differing} of {len(QUESTIONS)} differ)")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slow-rounds", type=int, default=1, help="of testssl.sh; 0 leaves it out")
    options = parser.parse_args()
    missing = [program for program in ("sslscan", "testssl", "openssl", "/usr/sbin/nginx") if not shutil.which(program)]
    if missing:
        print(f"{', '.join(missing)}: not installed, nothing to measure against")
        return 0
    with tempfile.TemporaryDirectory(prefix="exray-bench-") as name:
        return 1 if measure(options, pathlib.Path(name)) else 0


if __name__ == "__main__":
    sys.exit(main())
