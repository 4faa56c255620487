#!/bin/sh -e
# Makes a release that was staged the current one of a service.
# Inputs: SERVICE, RELEASE.

place=$NODE_ROOT/opt/$SERVICE

[ -e "$place/$RELEASE/complete" ] || {
    echo "$SERVICE $RELEASE was not staged on this node."
    exit 1
}
current=$(readlink "$place/current" || true)
[ "$current" = "$RELEASE" ] || {
    [ -z "$current" ] || ln -sfn "$current" "$place/previous"
    ln -sfn "$RELEASE" "$place/current"
}
