"""An SMS gateway in a container: prints each message as a line of JSON."""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sys.stdout.write(json.dumps({"phone": body["phone"], "text": body["message"]}) + "\n")
        sys.stdout.flush()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Log nothing else."""


if __name__ == "__main__":
    HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()  # noqa: S104  inside its container
