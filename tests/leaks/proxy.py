"""An HTTP proxy that keeps every byte it is given, and a relay that leads each connection somewhere else."""
import contextlib, select, socket, threading

from leaks.received import Block

PLACE = "the proxy"


class Listener(threading.Thread):
    """hosts: {name: address}; ports: {the port of a URL: the simulator's}. answer None: it serves; else its answer to everything."""

    def __init__(self, hosts, ports, answer=None):
        super().__init__(daemon=True)
        self.hosts, self.ports, self.answer, self.blocks, self.clients = hosts, ports, answer, [], []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.guarded, args=(client,), daemon=True)
            self.clients.append(thread)
            thread.start()

    def guarded(self, client):
        block = Block(PLACE, b"")
        self.blocks.append(block)
        with client, contextlib.suppress(OSError):  # a client may cut off what it asked for
            self.serve(client, block)

    def serve(self, client, block):
        client.settimeout(20)
        while b"\r\n\r\n" not in block.data:
            got = client.recv(4096)
            if not got:
                return
            block.data += got
        if self.answer is not None:
            client.sendall(self.answer)
            client.shutdown(socket.SHUT_WR)
            while got := client.recv(65536):
                block.data += got
            return
        method, target = block.data.split(b" ")[:2]
        tunnel = method == b"CONNECT"
        with socket.create_connection(self.where(target.decode("latin-1"), tunnel), timeout=20) as server:
            if tunnel:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(block.data)
            self.carry(client, server, block)

    def where(self, target, tunnel):
        name, _, port = (target if tunnel else target.split("/")[2]).partition(":")
        port = int(port or (443 if tunnel else 80))
        return self.hosts.get(name, "127.0.0.9"), self.ports.get(port, port)

    @staticmethod
    def carry(client, server, block):
        while True:
            for one in select.select([client, server], [], [], 20)[0]:
                data = one.recv(65536)
                if not data:
                    return
                if one is client:
                    block.data += data
                (server if one is client else client).sendall(data)

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for thread in self.clients:
            thread.join(5)
        return self.blocks


class Relay(threading.Thread):
    """At an address of its own and the simulator's port: the n-th connection goes to the n-th address, later ones to the last."""

    def __init__(self, address, port, targets):
        super().__init__(daemon=True)
        self.targets, self.port, self.served = list(targets), port, 0
        self.socket = socket.create_server((address, port))
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            target = self.targets[min(self.served, len(self.targets) - 1)]
            self.served += 1
            threading.Thread(target=self.serve, args=(client, target), daemon=True).start()

    def serve(self, client, target):
        with client, contextlib.suppress(OSError), socket.create_connection((target, self.port), timeout=20) as server:
            Listener.carry(client, server, Block(PLACE, b""))

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        return []
