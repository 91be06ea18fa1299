#!/bin/sh
# Starts the ratchet: edit train.py, run, keep or reset, one [EXP] line per experiment. It asks nothing until it ends.
# Twenty experiments unless told otherwise; interrupted, it goes on with --resume.
set -eu

usage() {
  cat <<'TEXT'
usage: run-loop.sh [--max N | --forever] [--desc TEXT] [--tag TAG] [--agent NAME] [--resume]
  --max N      end after N experiments (default: 20); the baseline is not counted
  --forever    do not end by itself
  --desc TEXT  what the session is called
  --tag TAG    branch autoresearch/TAG, which must not exist (default: month and day, for example mar5)
  --agent NAME agent in place of the configured one
  --resume     go on with the session TAG, or with the last one; --max counts the whole session then
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

max=20
max_given=
forever=
desc=
tag=
agent=
resume=
while [ $# -gt 0 ]; do
  case $1 in
    --max) [ $# -ge 2 ] || fail '--max needs a number'; max=$2; max_given=yes; forever=; shift 2 ;;
    --max=*) max=${1#*=}; max_given=yes; forever=; shift ;;
    --forever) forever=yes; shift ;;
    --desc) [ $# -ge 2 ] || fail '--desc needs a text'; desc=$2; shift 2 ;;
    --desc=*) desc=${1#*=}; shift ;;
    --tag) [ $# -ge 2 ] || fail '--tag needs a word'; tag=$2; shift 2 ;;
    --tag=*) tag=${1#*=}; shift ;;
    --agent) [ $# -ge 2 ] || fail '--agent needs a name'; agent=$2; shift 2 ;;
    --agent=*) agent=${1#*=}; shift ;;
    --resume) resume=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
case $max in
  '' | *[!0-9]* | 0*) fail "--max got \"$max\", expected a whole number of at least 1, or --forever" ;;
esac
if [ -n "$forever" ]; then max='' max_given=''; fi
[ -f train.py ] || fail "train.py is not in $PWD, expected the root of an autoresearch clone"
[ -f lab.yaml ] || fail "lab.yaml is not in $PWD: nothing is set up yet" "sh $here/setup.sh"

if [ -n "$resume" ]; then
  lab autoresearch resume ${tag:+--tag "$tag"} ${max_given:+--max "$max"} ${agent:+--agent "$agent"}
  exit
fi
if [ -z "$tag" ]; then
  month=$(LC_ALL=C date +%b | tr '[:upper:]' '[:lower:]')
  day=$(date +%d)
  tag=$month${day#0}
fi
lab autoresearch run --tag "$tag" ${max:+--max "$max"} ${desc:+--desc "$desc"} ${agent:+--agent "$agent"}
