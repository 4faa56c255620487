#!/bin/sh -e
# Does what a test wants of a step on this node, which is nothing where it
# has left no script there.
# Inputs: SERVICE, STEP.

if [ -e "$NODE_ROOT/steer/$SERVICE.$STEP" ]; then
    . "$NODE_ROOT/steer/$SERVICE.$STEP"
fi
