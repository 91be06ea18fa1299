#!/bin/sh
# Runs the code of this checkout once, through the lab's queue, and prints both numbers: metric and peak memory.
# It measures; it neither keeps nor resets anything. The loop that does is run-loop.sh.
set -eu

usage() {
  cat <<'TEXT'
usage: run-experiment.sh [--desc TEXT] [--seed N] [-- COMMAND…]
  --desc TEXT   what is asked and expected: "Q: … H: …", or a few words
  --seed N      LAB_SEED of the run
  COMMAND       default: uv run train.py in a uv project, else python3 train.py
TEXT
}

fail() {
  echo "error: $1" >&2
  shift
  for hint in "$@"; do echo "hint: $hint" >&2; done
  exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
lab() { sh "$here/lab.sh" "$@"; }

desc='this checkout as it is'
seed=
while [ $# -gt 0 ]; do
  case $1 in
    --desc) [ $# -ge 2 ] || fail '--desc needs a text'; desc=$2; shift 2 ;;
    --desc=*) desc=${1#*=}; shift ;;
    --seed) [ $# -ge 2 ] || fail '--seed needs a number'; seed=$2; shift 2 ;;
    --seed=*) seed=${1#*=}; shift ;;
    --) shift; break ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
[ -f train.py ] || fail "train.py is not in $PWD, expected the root of an autoresearch clone"
[ -n "$(git rev-parse --git-common-dir 2>/dev/null)" ] || fail "$PWD is no git repository"
if [ $# -eq 0 ]; then
  if [ -f uv.lock ] || [ -f pyproject.toml ]; then set -- uv run train.py; else set -- python3 train.py; fi
fi
case $desc in
  *Q:*H:*) label=$desc ;;
  *) label="Q: what does \"$desc\" give? H: better than the champion" ;;
esac

number=$(lab add --print-number --label "$label" ${seed:+--seed "$seed"} -- "$@")
echo "job $number runs: $*" >&2
code=0
lab wait "$number" >/dev/null || code=$?
told=$(lab status "$number" --json)
printf '%s\n' "$told" | node -e '
  const { jobs: [{ state }] } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  const run = state.run;
  if (run == null) { console.error("it did not run: " + state.kind); process.exit(0); }
  const name = run.measuredBy?.name ?? "metric";
  const line = (key, value) => console.log((key + ":").padEnd(18) + value);
  if (run.metric != null) line(name, run.metric.toFixed(6));
  const vram = run.metrics?.peak_vram_mb ?? null;
  const mib = vram ?? run.peakMemoryMib;
  if (mib != null) line("peak_memory_gb", (mib / 1024).toFixed(1));
  line("fate", run.fate.kind);
  if (run.flags.length > 0) line("flags", run.flags.join(" "));
'
if [ "$code" -ne 0 ]; then
  echo "job $number failed; the end of its log:" >&2
  lab log "$number" --lines 30 >&2 || true
fi
exit "$code"
