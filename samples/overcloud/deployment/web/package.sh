#!/bin/sh -e
# Puts a release beside the others: nothing that runs is touched.
# Inputs: RELEASE, PROGRAM.

mkdir -p "$NODE_ROOT/opt/web"
program=$NODE_ROOT/opt/web/release-$RELEASE.py
printf '%s\n' "$PROGRAM" > "$program.new"
mv "$program.new" "$program"
