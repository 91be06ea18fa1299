#!/bin/sh
# Sets an autoresearch clone up: lab, environment, data, one baseline. Success is both numbers printed, metric and peak memory.
# Says what is done already; safe to run again. --seq-len changes prepare.py, so only before the first session.
set -eu

usage() {
  cat <<'TEXT'
usage: setup.sh [--seq-len N] [--prepare]
  --seq-len N   write MAX_SEQ_LEN and a fitting EVAL_TOKENS into prepare.py and commit that; refused once a session began
  --prepare     run prepare.py where its data is missing (it may download)
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

seq_len=
prepare=
while [ $# -gt 0 ]; do
  case $1 in
    --seq-len) [ $# -ge 2 ] || fail '--seq-len needs a number'; seq_len=$2; shift 2 ;;
    --seq-len=*) seq_len=${1#*=}; shift ;;
    --prepare) prepare=--prepare; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
case $seq_len in
  '') ;;
  *[!0-9]* | 0*) fail "--seq-len got \"$seq_len\", expected a whole number such as 512" ;;
esac

for file in train.py prepare.py; do
  [ -f "$file" ] || fail "$file is not in $PWD, expected the root of an autoresearch clone" \
    'lab autoresearch setup --clone URL fetches one'
done

if [ -n "$seq_len" ]; then
  git diff --quiet HEAD -- prepare.py || fail 'prepare.py has changes that are not committed' 'git diff HEAD -- prepare.py'
  lab autoresearch adapt --seq-len "$seq_len"
  # The constants belong to the unmodified code that the baseline measures, so they are committed before it runs.
  if ! git diff --quiet HEAD -- prepare.py; then
    git commit --quiet --only -m "prepare: sequence length $seq_len" -- prepare.py
    echo "committed prepare.py: $(git log -1 --format='%h %s')" >&2
  fi
fi

# shellcheck disable=SC2086 # one word or none
lab autoresearch setup $prepare
