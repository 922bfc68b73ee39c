#!/usr/bin/env python3
"""What stands behind the logon of the real servers: exray-sim's EWS, by way of a proxy that believes who the user is.

    ews_behind.py PORT      plain HTTP; the user is in X-Remote-User

servers.py copies it into its temporary folder, in place of the backend that Apache has there, and the other servers import it.
The file "behind.json" beside it names exray-sim's port and root, and for which of its accounts a user stands: the proxy logs on
to exray-sim as that one, with Basic. Anybody else gets 502, so that a hole in the table is no refusal.
"""
import base64
import http.client
import http.server
import json
import pathlib
import socket
import ssl
import sys

HOST = "mail.contoso.test"
NOT_PASSED_ON = {"authorization", "connection", "content-length", "date", "host", "server", "transfer-encoding", "www-authenticate",
                 "x-remote-user"}


class Connection(http.client.HTTPSConnection):
    """To exray-sim, whatever the host is called."""

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


def path_behind(path):
    return path if path.lower().startswith("/autodiscover/") else "/EWS/Exchange.asmx"


def passed_on(headers):
    return {name: value for name, value in headers if name.lower() not in NOT_PASSED_ON}


def answer(user, method, path, headers, body):
    """Status, headers and body of exray-sim's answer to what the user asks."""
    table = json.loads(pathlib.Path(__file__).with_name("behind.json").read_text())
    logon = table["stands_for"].get(user.casefold())
    if not logon:
        return 502, {}, f"nobody knows the user {user}".encode()
    proof = base64.b64encode(f"{logon}:{table['password']}".encode()).decode()
    connection = Connection(HOST, table["port"], timeout=20, context=ssl.create_default_context(cafile=table["ca_file"]))
    try:
        connection.request(method, path_behind(path), body, {**passed_on(headers), "Authorization": f"Basic {proof}"})
        got = connection.getresponse()
        status = 502 if got.status == 401 else got.status
        return status, passed_on(got.getheaders()), got.read()
    finally:
        connection.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, content = answer(self.headers.get("X-Remote-User", ""), self.command, self.path, self.headers.items(), body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer.daemon_threads = True
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
