#!/usr/bin/env python3
"""Runs one command so far away from a simulated Exchange as is wanted, on its real ports and with a resolver of its own.

    unshare --net --mount autodiscover_net.py SPEC.json     (a plain user: with --map-root-user too)

SPEC: folder, simulator (words), command (words), round_trip_ms, black_hole (addresses), limit_s. Prints a line of JSON: seconds, exit
(null: it did not end within limit_s), out, err. What the servers saw is what the simulator was told to write.

The command and the simulator live in a network namespace each. This program carries every packet between the two, from tun device to
tun device, and keeps it back for half a round trip: the openings of connections and DNS are as late as everything else, which a relay
of connections cannot do, and the kernel's netem is not in every kernel. Packets to black_hole are lost. /etc/resolv.conf names the
simulated name server; its port becomes 53 on the way. Nothing leaves the two namespaces.
"""
import collections, contextlib, fcntl, json, os, pathlib, select, signal, socket, struct, subprocess, sys, time

NEAR, FAR, NAME_SERVER = "10.77.0.1", "10.77.0.2", "127.0.0.1"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
TCP, UDP = 6, 17
# Where the checksum is, counted from the header of the transport.
CHECKSUM_AT = {TCP: 16, UDP: 6}


# ---- namespaces ----

def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def tun(name, own, peer):
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    ip("address", "add", own, "peer", peer, "dev", name)
    ip("link", "set", name, "up")
    # The simulator's addresses are those of a loopback, which no other device takes unasked.
    pathlib.Path(f"/proc/sys/net/ipv4/conf/{name}/route_localnet").write_text("1")
    return device


def private_resolver(folder):
    for name, text in {"resolv.conf": f"nameserver {NAME_SERVER}\n", "nsswitch.conf": "hosts: files dns\n"}.items():
        (folder / name).write_text(text)
        subprocess.run(["mount", "--bind", folder / name, pathlib.Path("/etc", name).resolve()], check=True, capture_output=True)


# ---- packets ----

def with_port(packet, offset, old, new):
    """The port exchanged, and the checksum adapted to it (RFC 1624)."""
    start = (packet[0] & 15) * 4
    if packet[9] not in CHECKSUM_AT or struct.unpack_from("!H", packet, start + offset)[0] != old:
        return packet
    changed = bytearray(packet)
    struct.pack_into("!H", changed, start + offset, new)
    at = start + CHECKSUM_AT[packet[9]]
    total = (~struct.unpack_from("!H", packet, at)[0] & 0xFFFF) + (~old & 0xFFFF) + new
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    struct.pack_into("!H", changed, at, ~total & 0xFFFF)
    return bytes(changed)


class Path:
    """Both ways between the two devices."""

    def __init__(self, near, far, spec, dns_port):
        self.near, self.far, self.dns_port = near, far, dns_port
        self.delay = spec["round_trip_ms"] / 2000
        self.lost = {socket.inet_aton(address) for address in spec["black_hole"]}
        self.name_server = socket.inet_aton(NAME_SERVER)
        self.waiting = {near: collections.deque(), far: collections.deque()}

    def take(self, source):
        packet = os.read(source, 65536)
        if packet[0] >> 4 != 4 or packet[16:20] in self.lost:
            return
        if source == self.near and packet[16:20] == self.name_server:
            packet = with_port(packet, 2, 53, self.dns_port)
        if source == self.far and packet[12:16] == self.name_server:
            packet = with_port(packet, 0, self.dns_port, 53)
        self.waiting[self.far if source == self.near else self.near].append((time.monotonic() + self.delay, packet))

    def deliver(self):
        for target, queue in self.waiting.items():
            while queue and queue[0][0] <= time.monotonic():
                os.write(target, queue.popleft()[1])

    def carry(self, until):
        while True:
            due = min((queue[0][0] for queue in self.waiting.values() if queue), default=None)
            readable, _, _ = select.select([self.near, self.far, until], [], [], due and max(0.0, due - time.monotonic()))
            if until in readable:
                return
            for source in readable:
                self.take(source)
            self.deliver()


# ---- the two sides ----

def far_side(spec, near):
    ip("link", "set", "lo", "up")
    device = tun("far", FAR, NEAR)
    words = [*spec["simulator"], "--https-port", "443", "--http-port", "80"]
    simulator = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    ready = simulator.stdout.readline()
    if not ready:
        return 1
    with contextlib.suppress(PermissionError):  # a busy machine should not make the way longer
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    print("ready", flush=True)
    Path(near, device, spec, json.loads(ready)["dns"]).carry(sys.stdin.fileno())
    simulator.send_signal(signal.SIGTERM)
    return simulator.wait(timeout=20)


def timed(spec):
    started = time.perf_counter()
    process = subprocess.Popen(spec["command"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               cwd=spec["folder"])
    try:
        out, err = process.communicate(timeout=spec["limit_s"])
        code = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        code = None
    return {"seconds": time.perf_counter() - started, "exit": code, "out": out, "err": err}


def near_side(spec, spec_file):
    device = tun("near", NEAR, FAR)
    ip("route", "add", "127.0.0.0/8", "dev", "near", "src", NEAR)
    private_resolver(pathlib.Path(spec["folder"]))
    far = subprocess.Popen(["unshare", "--net", sys.executable, __file__, spec_file, str(device)], pass_fds=[device],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if not far.stdout.readline():
        raise RuntimeError("the far side did not start")
    result = timed(spec)
    far.stdin.close()
    if far.wait(timeout=30):
        raise RuntimeError("the simulator did not end well")
    print(json.dumps(result))
    return 0


def main():
    spec = json.loads(pathlib.Path(sys.argv[1]).read_text())
    return far_side(spec, int(sys.argv[2])) if len(sys.argv) > 2 else near_side(spec, sys.argv[1])


if __name__ == "__main__":
    sys.exit(main())
