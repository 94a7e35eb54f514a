"""Google Drive on this machine: a proxy that answers for its hosts, with a certificate of its own.

What it answers is what Drive answers for a file too large for its virus scan: a page with a form, and behind that the
file.
"""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.weights.shelf import Shelf, give, running, send_on

HOSTS = ("drive.google.com", "drive.usercontent.google.com")
FORM = b"""<html><body><form id="download-form" action="https://drive.usercontent.google.com/download" method="get">
<input type="hidden" name="id" value="1ZAMV"><input type="hidden" name="confirm" value="t"></form></body></html>"""
QUOTA = b"""<html><body><p class="uc-error-subcaption">Too many users have viewed or downloaded this file recently.</p>
</body></html>"""


def certify(folder: Path) -> Path:
    """Return a file with a certificate of both hosts, and its key."""
    path = folder / "drive.pem"
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOSTS[0]}",
         "-addext", f"subjectAltName={names}", "-keyout", path, "-out", f"{path}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@contextmanager
def driving(shelf: Shelf, certificate: Path, page: bytes = FORM) -> Iterator[str]:
    """Give out a shelf's file as Drive does; yield the proxy's address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            plain = self.rfile, self.wfile
            with (
                suppress(OSError),  # a client may go
                context.wrap_socket(self.connection, server_side=True) as inner,
                inner.makefile("rb") as self.rfile,
                inner.makefile("wb") as self.wfile,
            ):
                self.handle_one_request()
            self.rfile, self.wfile = plain
            self.close_connection = True

        def do_GET(self) -> None:
            if self.path.startswith("/to/"):
                send_on(self)
                return
            if self.path.startswith("/download"):
                give(self, shelf)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, running(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"
