#!/usr/bin/env python3
"""How many round trips `exray test ssl-trust` waits for, beyond the handshake of the slowest address.

    tls_latency.py --bin BUILD_DIR [--rounds 5]

One nginx behind two relays that delay what passes: 127.0.0.1 by 100 ms a round trip, 127.0.0.2 by 200. A relay cannot delay the
opening of a connection, so what is measured leaves out the round trips that those cost: one of `endpoint`, one of `ssl-trust`, and
one of DNS (--resolve stands for it here). Allowed are 3 in all: what comes on top of the slowest handshake must be nothing but
processor time. Exit code 1: more than a tenth of the slow round trip is left.
"""
import argparse, json, pathlib, shutil, socket, statistics, subprocess, sys, tempfile, threading, time

import tls_scan

ROUND_TRIP = {"127.0.0.1": 0.1, "127.0.0.2": 0.2}


def pump(source, target, delay):
    """Every chunk leaves so long after it came, however many follow it."""
    waiting, closed = [], threading.Event()

    def send():
        while True:
            if waiting:
                due, chunk = waiting.pop(0)
                time.sleep(max(0.0, due - time.monotonic()))
                try:
                    target.sendall(chunk)
                except OSError:
                    return
            elif closed.is_set():
                break
            else:
                time.sleep(0.0005)
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    threading.Thread(target=send, daemon=True).start()
    try:
        while chunk := source.recv(65536):
            waiting.append((time.monotonic() + delay, chunk))
    except OSError:
        pass
    closed.set()


def relay(address, port, to):
    listener = socket.create_server((address, port), backlog=64)

    def serve():
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(to)
            for pair in ((client, server), (server, client)):
                threading.Thread(target=pump, args=(*pair, ROUND_TRIP[address] / 2), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def measure(options, folder):
    tls_scan.make_certificates(folder)
    server = tls_scan.nginx(folder)
    try:
        name, port = server.target.rsplit(":", 1)
        front = relay("127.0.0.1", 0, (name, int(port)))
        relay("127.0.0.2", front, (name, int(port)))
        left = []
        for _ in range(options.rounds):
            subprocess.run([options.bin.resolve() / "exray", "test", "ssl-trust", "--host", f"{tls_scan.HOST}:{front}", "--resolve",
                            f"{tls_scan.HOST}:{front}:{','.join(ROUND_TRIP)}", "--ca-file", folder / "ca.pem", "--json", folder / "out.json", "-q"],
                           check=True, capture_output=True)
            report = json.loads((folder / "out.json").read_text())
            slowest = max(address["handshake_ms"] for address in report["facts"]["addresses"])
            left.append((report["elapsed_ms"] - slowest) / 1000)
            print(f"whole test {report['elapsed_ms']} ms, slowest handshake {slowest} ms, {left[-1] * 1000:.0f} ms beside it")
    finally:
        server.stop()
    beside = statistics.median(left)
    good = beside <= max(ROUND_TRIP.values()) / 10
    print(f"{'met' if good else 'MISSED'}: {beside * 1000:.0f} ms beside the slowest handshake, {beside / max(ROUND_TRIP.values()):.2f} round trips")
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not shutil.which("/usr/sbin/nginx"):
        print("nginx is not installed, nothing to measure")
        return 0
    with tempfile.TemporaryDirectory(prefix="exray-bench-") as name:
        return 0 if measure(options, pathlib.Path(name)) else 1


if __name__ == "__main__":
    sys.exit(main())
