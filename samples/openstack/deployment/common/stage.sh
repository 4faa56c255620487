#!/bin/sh -e
# Puts a release of a service beside the others: nothing that runs is touched.
# Inputs: SERVICE; RELEASE; REQUIREMENTS, all its packages with their releases.

place=$NODE_ROOT/opt/$SERVICE/$RELEASE

# Bytecode is compiled now: no first request shall wait for the compiler. It
# takes one processor, and leaves out tests, a third of the work. A file that
# cannot be compiled is told when somebody needs it.
[ -e "$place/complete" ] || {
    mkdir -p "$NODE_ROOT/opt/$SERVICE"
    printf '%s\n' "$REQUIREMENTS" > "$place.txt"
    uv venv --quiet --clear --python python3 "$place"
    uv pip install --quiet --no-deps --python "$place/bin/python" \
        --requirement "$place.txt"
    (cd "$place/lib" && "$place/bin/python" -m compileall -qq -x /tests/ .) || :
    mv "$place.txt" "$place/complete"
}

# Of the others, two may be needed once more, for a way back.
set --
for link in current previous; do
    set -- "$@" ! -name "$(readlink "$NODE_ROOT/opt/$SERVICE/$link" || true)"
done
find "$NODE_ROOT/opt/$SERVICE" -mindepth 1 -maxdepth 1 -type d \
    ! -name "$RELEASE" "$@" -exec rm -r {} +
