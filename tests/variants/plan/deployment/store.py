"""A small store, whose answers a test can turn into failures.

It listens at its node's address, and together with the stores of the other
nodes at the address that they share.

The test leaves a file for each release: lists of statuses by request, as in
``{"GET /health": [200, 503]}``. One after the other is answered, the last
one for ever.
"""

import collections
import http.server
import json
import os
import pathlib
import socket
import sys
import threading

RELEASE, ADDRESS, SHARED_ADDRESS = sys.argv[1:]
PORT = 8070
ROOT = pathlib.Path(os.environ['NODE_ROOT'])
ITEMS = ROOT / 'var/store-items'
STEER = ROOT / f'steer/answers-{RELEASE}.json'


class Handler(http.server.BaseHTTPRequestHandler):
    wbufsize = -1
    asked: collections.Counter[str] = collections.Counter()

    def do_GET(self) -> None:
        self.answer(200)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get('Content-Length', 0)))

        if self.answer(201) == 201:
            with ITEMS.open('ab') as items:
                items.write(text + b'\n')

    def answer(self, status: int) -> int:
        request = f'{self.command} {self.path}'
        steered = json.loads(STEER.read_text()) if STEER.exists() else {}

        if request in steered:
            statuses = steered[request]
            status = statuses[min(self.asked[request], len(statuses) - 1)]
            self.asked[request] += 1

        body = json.dumps({'release': RELEASE, 'pid': os.getpid()}).encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

        return status


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

    def server_bind(self) -> None:
        # Of all who listen at the shared address, one gets a connection.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


threading.Thread(target=Server((SHARED_ADDRESS, PORT), Handler).serve_forever,
                 daemon=True).start()
Server((ADDRESS, PORT), Handler).serve_forever()
