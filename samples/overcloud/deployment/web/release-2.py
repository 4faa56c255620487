"""A small web service, release 2: knows when each item was stored."""

import http.server
import json
import os
import pathlib
import signal
import threading
import time

RELEASE = '2'
NODE = os.environ['NODE_NAME']
STORE = pathlib.Path(os.environ['NODE_ROOT'], 'var/lib/web/items')


class Handler(http.server.BaseHTTPRequestHandler):
    wbufsize = -1  # one write an answer: a health check reads only one
    lock = threading.Lock()

    def do_GET(self) -> None:
        if self.path == '/':
            self.answer(200, {'release': RELEASE, 'node': NODE,
                              'pid': os.getpid()})
        elif self.path == '/health':
            self.answer(200, {'healthy': True})
        elif self.path == '/items':
            self.answer(200, {'count': count(), 'newest': newest()})
        else:
            self.answer(404, {'error': 'not found'})

    def do_POST(self) -> None:
        size = int(self.headers.get('Content-Length', 0))
        text = self.rfile.read(size).decode(errors='replace')

        if self.path == '/items':
            with self.lock:
                self.answer(201, {'number': store(text)})
        else:
            self.answer(404, {'error': 'not found'})

    def answer(self, status: int, content: dict) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Requests are the load balancer's to log."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False  # a stop waits for the requests in flight
    request_queue_size = 128


def count() -> int:
    return len(STORE.read_bytes().splitlines()) if STORE.exists() else 0


def newest() -> float | None:
    """When the last item was stored; release 1 did not write that down."""
    lines = STORE.read_bytes().splitlines() if STORE.exists() else []

    return json.loads(lines[-1]).get('stored_at') if lines else None


def store(text: str) -> int:
    with STORE.open('a') as file:
        file.write(json.dumps({'text': text, 'stored_at': time.time()})
                   + '\n')
        file.flush()
        os.fsync(file.fileno())

    return count()


def main() -> None:
    server = Server((os.environ['NODE_ADDRESS'], 8080), Handler)
    # A handler runs in the thread that serves, where shutdown would wait
    # for itself.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(
        target=server.shutdown).start())

    print(f'started release={RELEASE} pid={os.getpid()}', flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


main()
