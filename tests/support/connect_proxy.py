#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy that knows CONNECT and nothing else, for tests.

    connect_proxy.py DIR [USER:PASSWORD]

Listens on a free port of 127.0.0.1, writes it to DIR/port, and a line "CODE HOST:PORT" for each request to
DIR/log. With USER:PASSWORD others get a 407. As long as DIR/refuse exists everybody gets a 403.
"""
import base64
import os
import socket
import sys
import threading


def relay(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    # The other direction may still be busy: only its end of this one is closed.
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def head_of(client):
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(4096)
        if not data or len(head) > 65536:
            return None
        head += data
    return head.decode("latin-1")


class Proxy:
    def __init__(self, folder, credentials):
        self.folder = folder
        self.wanted = None
        if credentials:
            self.wanted = "basic " + base64.b64encode(credentials.encode()).decode()

    def code(self, head):
        """What is answered; 200 when the tunnel is to be opened."""
        if not head.startswith("CONNECT "):
            return 405
        if os.path.exists(os.path.join(self.folder, "refuse")):
            return 403
        if self.wanted:
            for line in head.split("\r\n")[1:]:
                name, _, value = line.partition(":")
                if name.lower() == "proxy-authorization":
                    kind, _, secret = value.strip().partition(" ")
                    return 200 if f"{kind.lower()} {secret}" == self.wanted else 407
            return 407
        return 200

    def serve(self, client):
        with client:
            head = head_of(client)
            if head is None:
                return
            target = head.split(" ")[1]
            code = self.code(head)
            server = None
            if code == 200:
                host, _, port = target.rpartition(":")
                try:
                    server = socket.create_connection((host.strip("[]"), int(port)), 10)
                except OSError:
                    code = 502
            with open(os.path.join(self.folder, "log"), "a", encoding="ascii") as log:
                log.write(f"{code} {target}\n")
            extra = 'Proxy-Authenticate: Basic realm="tests"\r\n' if code == 407 else ""
            client.sendall(f"HTTP/1.1 {code} tests\r\n{extra}{'' if server else 'Content-Length: 0'}"
                           .rstrip().encode() + b"\r\n\r\n")
            if server is None:
                return
            with server:
                server.settimeout(None)
                back = threading.Thread(target=relay, args=(server, client), daemon=True)
                back.start()
                relay(client, server)
                back.join()


def main():
    folder = sys.argv[1]
    proxy = Proxy(folder, sys.argv[2] if len(sys.argv) > 2 else None)
    listener = socket.create_server(("127.0.0.1", 0))
    with open(os.path.join(folder, "port.new"), "w", encoding="ascii") as port:
        port.write(f"{listener.getsockname()[1]}\n")
    os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
    while True:
        client, _ = listener.accept()
        threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()


main()
