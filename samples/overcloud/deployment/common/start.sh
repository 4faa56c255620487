#!/bin/sh -e
# Starts a service of the node and waits until it takes connections.
# Inputs: SERVICE, PORT.

# An update starts what is new or changed. What runs without a change is the
# old code: the node was switched on again since the service was stopped.
case $(supervisorctl update "$SERVICE") in
    *"$SERVICE: "*) ;;
    *)
        supervisorctl stop "$SERVICE" || true
        supervisorctl start "$SERVICE"
        ;;
esac

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
