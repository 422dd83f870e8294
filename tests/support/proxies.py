"""An HTTP proxy that connects (`CONNECT`) to whatever it is asked for, and remembers it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer


class Proxy:
    def __init__(self) -> None:
        self.port = 0
        #: `host:port` of each request.
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        proxy = self

        class Connects(StreamRequestHandler):
            rbufsize = 0  # what follows the request belongs to the other side

            def handle(self) -> None:
                method, target, _version = self.rfile.readline().decode().split()
                while self.rfile.readline().strip():
                    pass
                proxy.asked.append(target)
                assert method == "CONNECT"
                host, _, port = target.rpartition(":")
                with socket.create_connection((host, int(port))) as there:
                    self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                    back = threading.Thread(target=_pass_on, args=(there, self.connection))
                    back.start()
                    _pass_on(self.connection, there)
                    back.join()

        with ThreadingTCPServer(("127.0.0.1", 0), Connects) as server:
            server.daemon_threads = True
            self.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            yield self
            server.shutdown()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(65_536):
            target.sendall(some)
        target.shutdown(socket.SHUT_WR)
