#!/usr/bin/env python3
"""One impersonated Inbox, as a whole process: exray beside python3-exchangelib, in turn, on the same simulated server.

    single_check.py --bin BUILD_DIR [--runs N]

Both are told the EWS URL and log on with Basic. exray does more in its run (DNS, every address, the certificate, the
logon as itself, the address), and writes its JSON. Printed are medians and the ratio, run by run: figures of one
machine at one time are worth nothing elsewhere, ratios are.
"""
import argparse, json, pathlib, statistics, subprocess, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import scenario as runner

PEER = r"""
import sys, warnings; warnings.filterwarnings("ignore")
import requests.adapters
from exchangelib import BASIC, IMPERSONATION, Account, Build, Configuration, Credentials, Version
from exchangelib.protocol import BaseProtocol
class Trusting(requests.adapters.HTTPAdapter):
    def cert_verify(self, connection, url, verify, cert):
        super().cert_verify(connection, url, sys.argv[2], cert)
BaseProtocol.HTTP_ADAPTER_CLS = Trusting
configuration = Configuration(service_endpoint=sys.argv[1], credentials=Credentials(r"CONTOSO\svc-exray", "Sim-Passw0rd"),
                              auth_type=BASIC, version=Version(Build(15, 1)))
print(Account("anna@contoso.test", config=configuration, access_type=IMPERSONATION).inbox.total_count)
"""


def seconds(words, folder):
    started = time.perf_counter()
    done = subprocess.run(words, capture_output=True, cwd=folder, timeout=60)
    elapsed = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr).decode(errors="replace")[-2000:])
    return elapsed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    if subprocess.run(["/usr/bin/python3", "-c", "import exchangelib"], capture_output=True).returncode:
        print("python3-exchangelib is not installed: nothing to measure against")
        return 0
    with tempfile.TemporaryDirectory(prefix="exray-bench-") as name:
        folder = pathlib.Path(name)
        whole = runner.load(runner.BASE / "healthy-exchange-se.json")
        whole["hosts"][0]["certificate"]["san"] = ["mail.contoso.test", "127.0.0.2"]
        (folder / "scenario.json").write_text(json.dumps(whole))
        (folder / "peer.py").write_text(PEER)
        (folder / "pw").write_text("Sim-Passw0rd\n")
        simulator = runner.Simulator(options.bin.resolve() / "exray-sim", folder / "scenario.json", folder)
        try:
            ready = simulator.ready
            ours = [str(options.bin.resolve() / "exray"), "test", "service-account", "--mailbox", "anna@contoso.test", "--account",
                    "CONTOSO\\svc-exray", "--password-file", "pw", "--auth", "basic", "--ca-file", ready["ca_file"],
                    "--dns-server", f"127.0.0.1:{ready['dns']}", "--connect-to", f":443::{ready['https']}",
                    "--ews-url", "https://mail.contoso.test/EWS/Exchange.asmx", "--json", "report.json", "--format", "none"]
            theirs = ["/usr/bin/python3", "peer.py", f"https://127.0.0.2:{ready['https']}/EWS/Exchange.asmx", ready["ca_file"]]
            pairs = [(seconds(ours, folder), seconds(theirs, folder)) for _ in range(options.runs + 1)][1:]
        finally:
            simulator.stop()
    ratios = sorted(peer / mine for mine, peer in pairs)
    print(f"exray        median {statistics.median(mine for mine, _ in pairs) * 1000:7.1f} ms")
    print(f"exchangelib  median {statistics.median(peer for _, peer in pairs) * 1000:7.1f} ms")
    print(f"ratio        median {statistics.median(ratios):7.1f}   (from {ratios[0]:.1f} to {ratios[-1]:.1f}, {options.runs} pairs)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
