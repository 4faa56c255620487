#!/bin/sh -e
# Puts a release of a service beside the others: nothing that runs is touched.
# Inputs: SERVICE; RELEASE; REQUIREMENTS, all its packages with their releases.

place=$NODE_ROOT/opt/$SERVICE/$RELEASE

# What serves on the node comes first, whose first request shall not have to
# wait for the compiler either. Where the kernel groups processes by session,
# as Linux does on a desktop and on Debian, nice counts within a group only.
for try in 1 2 3 4 5 6 7 8 9; do
    { echo 10 > /proc/self/autogroup; } 2>/dev/null && break
    # Of all sessions, one may say so in a tenth of a second.
    sleep "0.$try"
done

[ -e "$place/complete" ] || {
    mkdir -p "$NODE_ROOT/opt/$SERVICE"
    printf '%s\n' "$REQUIREMENTS" > "$place.txt"
    nice uv venv --quiet --clear --python python3 "$place"
    nice uv pip install --quiet --no-deps --compile-bytecode \
        --python "$place/bin/python" --requirement "$place.txt"
    mv "$place.txt" "$place/complete"
}

# Of the others, two may be needed once more, for a way back.
set --
for link in current previous; do
    set -- "$@" ! -name "$(readlink "$NODE_ROOT/opt/$SERVICE/$link" || true)"
done
find "$NODE_ROOT/opt/$SERVICE" -mindepth 1 -maxdepth 1 -type d \
    ! -name "$RELEASE" "$@" -exec nice rm -r {} +
