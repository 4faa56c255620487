"""A small store, whose answers a test can turn into failures.

The test leaves a file for each release: lists of statuses by request, as in
``{"GET /health": [200, 503]}``. One after the other is answered, the last
one for ever.
"""

import http.server
import json
import os
import pathlib
import sys

RELEASE = sys.argv[1]
ROOT = pathlib.Path(os.environ['NODE_ROOT'])
ITEMS = ROOT / 'var/store-items'
STEER = ROOT / f'steer/answers-{RELEASE}.json'


class Handler(http.server.BaseHTTPRequestHandler):
    wbufsize = -1
    steered = json.loads(STEER.read_text()) if STEER.exists() else {}

    def do_GET(self) -> None:
        self.answer(200)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get('Content-Length', 0)))

        if self.answer(201) == 201:
            with ITEMS.open('ab') as items:
                items.write(text + b'\n')

    def answer(self, status: int) -> int:
        statuses = self.steered.get(f'{self.command} {self.path}', [status])
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        body = json.dumps({'release': RELEASE, 'pid': os.getpid()}).encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

        return status


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server((os.environ['NODE_ADDRESS'], 8070), Handler).serve_forever(0.1)
