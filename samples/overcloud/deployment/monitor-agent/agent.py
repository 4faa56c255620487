"""Measures the load of its node now and then, and shows it over HTTP."""

import http.server
import json
import os
import pathlib
import threading
import time

TOKEN = pathlib.Path(os.environ['TOKEN_FILE']).read_text()
INTERVAL = float(os.environ['INTERVAL'])
STATE = {'release': os.environ['RELEASE'], 'interval': int(INTERVAL),
         'load': os.getloadavg()[0], 'measured_at': time.time()}


class Handler(http.server.BaseHTTPRequestHandler):
    wbufsize = -1  # one write an answer

    def do_GET(self) -> None:
        body = json.dumps(STATE).encode()
        self.send_response(self.status())
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def status(self) -> int:
        if self.path == '/load':
            asked = self.headers.get('Authorization', '')
            return 200 if asked == f'Bearer {TOKEN}' else 401

        return 200 if self.path == '/health' else 404

    def log_message(self, *args: object) -> None:
        """Only starts are worth a line."""


def measure() -> None:
    while True:
        time.sleep(INTERVAL)
        STATE.update(load=os.getloadavg()[0], measured_at=time.time())


def main() -> None:
    threading.Thread(target=measure, daemon=True).start()
    server = http.server.ThreadingHTTPServer(
        (os.environ['NODE_ADDRESS'], 8090), Handler)

    print(f'started release={STATE["release"]} pid={os.getpid()}', flush=True)
    server.serve_forever()


main()
