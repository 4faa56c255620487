#!/bin/sh -e
# Starts a service of the node and waits until it takes connections.
# Inputs: SERVICE, PORT.

# An update starts what is new or changed, a start what is only stopped.
supervisorctl update "$SERVICE"
supervisorctl start "$SERVICE"

exec python3 - <<'END'
import os
import socket
import sys
import time

address = os.environ['NODE_ADDRESS'], int(os.environ['PORT'])
deadline = time.monotonic() + 10

while time.monotonic() < deadline:
    try:
        socket.create_connection(address, timeout=1).close()
        sys.exit()
    except OSError:
        time.sleep(0.05)

sys.exit(f'Nothing listens on {address[0]}:{address[1]} after 10 seconds.')
END
