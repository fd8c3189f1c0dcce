#!/bin/sh
# How long a verdict takes beyond the one deadline of a silent hop (bar: 0.3 s), with deadlines
# of 2 s and 5 s, and what it sends: the tool's own count beside a capture, repeats apart,
# against the budget. One row a world of the kernel lab that waits for a deadline; an argument
# picks worlds by a part of their name. Needs what .ci/packages installs; no root. Exits with 1
# when a bar is passed (OVER-TIME, OVER-BUDGET) or the two counts differ (DIFFERS).
set -eu
cd "$(dirname "$0")/.."
exec cargo test --quiet --test netns -- --speed "$@"
