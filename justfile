# Recipes of the starter lab. Nothing in the lab needs `just`: the commands stand in lab.yaml, these are shorthands.

set positional-arguments

# Show the recipes.
default:
    @just --list

# Does the code run at all? Data, a tiny budget, a short public score: under 2 seconds, never a result.
smoke:
    python3 problem/prepare.py
    python3 problem/train.py --smoke
    python3 problem/prepare.py score --smoke

# Outside a run: queue the evaluation, wait for it, so add one row (LABEL names the question). Inside a run: train.
eval *ARGS:
    #!/usr/bin/env bash
    set -euo pipefail
    if [ -n "${LAB_JOB:-}" ]; then
      exec python3 problem/train.py "$@"
    fi
    label="${LABEL:-Q: what does this checkout score? H: the same as the champion, within the noise}"
    exec lab add --wait --label "$label" -- python3 problem/train.py "$@"

# Queue without waiting: just queue "Q: does order 5 help? H: saves 0.2 bpb"
queue LABEL *ARGS:
    #!/usr/bin/env bash
    set -euo pipefail
    label="$1"
    shift
    exec lab add --label "$label" -- python3 problem/train.py "$@"
