#!/bin/sh -e
# Makes the store a service of the node no more.

rm -f "$NODE_ROOT/etc/services.d/store.conf"
supervisorctl update store
rm -f "$NODE_ROOT"/opt/store-*.py
