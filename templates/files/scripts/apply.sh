#!/usr/bin/env bash
# Brings what the agent changed back into your project, all of it or nothing.
#
# usage: scripts/apply.sh [--approve HASH] [--yes] [--accept PATH]... [--accept-kind KIND]... [--only PATH]... [--except PATH]...
#                         [--ours PATH]... [--theirs PATH]... [--conflicts FOLDER] [--json]
#        scripts/apply.sh --recover
#
#   --approve HASH   only if it is what scripts/review.sh showed with this hash
#   --yes            do not ask. This covers neither what is held back nor what scripts/review.sh has not shown.
#   --accept PATH    bring back this path, which is held back since it could run or steer something on this machine
#   --accept-kind KIND
#                    bring back all that is held back for this kind alone: lock (lock files whose manifest changed as well,
#                    and which name no new host) or executable. Of the other kinds each path has to be named.
#   --only PATH      bring back this path, and nothing else
#   --except PATH    bring back all but this path, which stays and waits
#   --ours PATH      keep your version of this path: what the agent made of it waits no longer, though its copy keeps it
#   --theirs PATH    bring the agent's version of this path whole, in the place of yours; held back, it wants --accept too
#   --conflicts FOLDER
#                    where there are conflicts, write each version of each path into this new folder, and files with marks
#                    in which `git mergetool` works
#   --recover        only end what an apply left that was cut off
#   --json           one document for programs (schemas/apply.schema.json)
#
# Nothing comes back that the last scripts/review.sh has not shown; on a terminal, where there was none, it is shown first.
# What comes back is what is written down when this begins, while the filesystem of the copy is frozen: all of it is of one
# moment, and what the sandbox does afterwards does not change it. What you changed yourself since the copy was made is
# merged, against the version that the agent had; where that cannot be done, each conflict is named and nothing is changed.
# Of --only, --except, --ours and --theirs a folder stands for all that is below it. Killed in the middle, the next apply or
# review finishes it or takes it back.
#
# Exit codes: 0 done; 1 conflicts, nothing was changed; 2 wrong arguments; 3 it was cut off and could not be put in order,
#             or the changes are in the project and what follows could not be done: it says which; 4 refused, nothing was changed.
# shellcheck source=templates/lib/project-script.sh
. "$(dirname "$0")/../lib/project-script.sh"

need_copy
track_rest || need_last "nothing is applied"
project apply "$@"
