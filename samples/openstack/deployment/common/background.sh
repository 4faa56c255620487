#!/bin/sh -e
# What serves on the node comes before the work of the script that this begins.
#
# Where the kernel groups processes by session, as Linux does on a desktop and
# on Debian, nice counts within a group only; so the step's session steps back.
renice -n 19 $$ >/dev/null
for try in 1 2 3 4 5 6 7 8 9; do
    { echo 19 > /proc/self/autogroup; } 2>/dev/null && break
    # Of all sessions, one may say so in a tenth of a second.
    sleep "0.$try"
done
