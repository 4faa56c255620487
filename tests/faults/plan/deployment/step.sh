#!/bin/sh -e
# Writes that it began, works for a moment, and writes that it came to its end.
# Inputs: STEP, PAUSE.

log=$NODE_ROOT/var/log/light.log

note() {
    printf '%s %s %s %s %s\n' "$1" "$STEP" "${TRIPLEO_ATTEMPT##*/}" "$$" \
        "$(date +%s.%N)" >> "$log"
    sync "$log"
}

note begin
sleep "$PAUSE"
note end
