
# Asks the release that was staged, in whose script this is, whether it can
# take over. Its program looks for the configuration in its default place:
# what --config-file names comes too late for it.
# Further inputs: PROGRAM.

[ -e "$NODE_ROOT/.$SERVICE" ] || {
    echo "$SERVICE was never on this node: there is nothing to check."
    exit
}
exec "$place/bin/$PROGRAM" upgrade check
