#!/bin/sh -e
# Puts the agent's program in its place.
# Inputs: PROGRAM.

mkdir -p "$NODE_ROOT/opt/monitor-agent"
program=$NODE_ROOT/opt/monitor-agent/agent.py
printf '%s\n' "$PROGRAM" > "$program.new"
mv "$program.new" "$program"
