"""A small web service, release 1: stores items in a database."""

import http.server
import json
import os
import signal
import threading

import pymysql

RELEASE = '1'
NODE = os.environ['NODE_NAME']


class Handler(http.server.BaseHTTPRequestHandler):
    wbufsize = -1  # one write an answer: a health check reads only one

    def do_GET(self) -> None:
        if self.path == '/':
            self.answer(200, {'release': RELEASE, 'node': NODE,
                              'pid': os.getpid()})
        elif self.path == '/health':
            # Whether the process lives, not whether it can store anything.
            self.answer(200, {'healthy': True})
        elif self.path == '/items':
            self.stored(200, lambda cursor: {'count': count(cursor)})
        else:
            self.answer(404, {'error': 'not found'})

    def do_POST(self) -> None:
        size = int(self.headers.get('Content-Length', 0))
        text = self.rfile.read(size).decode(errors='replace')

        if self.path == '/items':
            self.stored(201, lambda cursor: {'number': store(cursor, text)})
        else:
            self.answer(404, {'error': 'not found'})

    def stored(self, status: int, work) -> None:
        """Answer with what some work on the database gives."""
        try:
            with pymysql.connect(
                    read_default_file=os.environ['DATABASE'],
                    autocommit=True, connect_timeout=5, read_timeout=10,
                    ) as connection, connection.cursor() as cursor:
                content = work(cursor)
        except pymysql.MySQLError as error:
            print(f'{self.command} {self.path}: {error}', flush=True)
            status, content = 503, {'error': 'the database does not serve'}

        self.answer(status, content)

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


def count(cursor: pymysql.cursors.Cursor) -> int:
    cursor.execute('SELECT COUNT(*) FROM items')

    return cursor.fetchone()[0]


def store(cursor: pymysql.cursors.Cursor, text: str) -> int:
    cursor.execute('INSERT INTO items (text) VALUES (%s)', (text,))

    return cursor.lastrowid


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
