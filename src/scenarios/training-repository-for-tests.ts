/**
 * A small training repository of autoresearch's shape, for tests: git, `program.md` with the five sections, `prepare.py`, `train.py`,
 * `pyproject.toml`, `uv.lock`, `.gitignore`, all committed. It trains a mixture of n-grams on the processor in well under a second with
 * python's own library, the same for the same LAB_SEED, and prints the field's summary block. And a stand-in for `uv`.
 * What it needs: data in `~/.cache/autoresearch` of HOME (or in AUTORESEARCH_CACHE, which a queued run gets only with env.pass): give a
 * test a HOME of its own and call prepareTrainingData, or run `uv run prepare.py`.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { gitSettingsForTests } from '../git/settings-for-tests.ts';

/** What can differ between such repositories. */
export interface TrainingRepositoryOptions {
  /** TIME_BUDGET of prepare.py, seconds; default 10. Training ends after STEPS or this, whichever is first; STEPS take some tenths of a second. */
  budgetSeconds?: number;
  /** Default: master. */
  branch?: string;
}

const programMd = `# Program

One experiment changes train.py, runs it and keeps the change only where val_bpb falls.

## Goal

Lower val_bpb on the held-out text, in bits a byte. Lower is better.

## Current baseline

The unmodified train.py, run first in every session.

## Directions

1. Context: ORDER, and how orders are mixed.
2. Smoothing: SMOOTHING, and where its mass comes from.
3. The optimiser of the mixture: LEARNING_RATE, STEPS.

## What has been tried

Nothing yet.

## Constraints

- Only train.py changes; prepare.py holds the data and the evaluator.
- No new packages.
- The training budget is TIME_BUDGET seconds; memory stays below twice the baseline's.
- One meaningful change an experiment.
`;

const preparePy = (
  budgetSeconds: number,
) => `"""Data, constants and the evaluator. Experiments read this file and never change it.

    uv run prepare.py      writes the texts below ~/.cache/autoresearch (or AUTORESEARCH_CACHE)
"""

import math
import os
import random
from pathlib import Path

MAX_SEQ_LEN = 64  # longest context that a model is shown, in characters
TIME_BUDGET = ${budgetSeconds}  # seconds of training
EVAL_TOKENS = 4 * 1024  # characters that the evaluation reads

CACHE = Path(os.environ.get("AUTORESEARCH_CACHE") or Path.home() / ".cache" / "autoresearch")
TRAIN_FILE = CACHE / "data" / "train.txt"
VAL_FILE = CACHE / "data" / "val.txt"
TRAIN_CHARACTERS = 60_000

SUBJECTS = ["the red fox", "a tall crane", "my old clock", "the night train", "one small queue"]
VERBS = ["follows", "measures", "forgets", "repeats", "mends"]
OBJECTS = ["the long river", "a broken lamp", "its own shadow", "every third letter", "the last result"]
TAILS = ["at dawn", "without a sound", "for the second time", "in the rain"]


def compose(seed, size):
    """Sentences of an invented habit: the verb depends on the subject, the tail on the object."""
    rng = random.Random(seed)
    parts = []
    length = 0
    while length < size:
        subject = rng.randrange(len(SUBJECTS))
        verb = (subject + rng.choice([0, 0, 0, 1])) % len(VERBS)
        thing = rng.randrange(len(OBJECTS))
        tail = (thing + rng.choice([0, 0, 1])) % len(TAILS)
        parts.append(f"{SUBJECTS[subject]} {VERBS[verb]} {OBJECTS[thing]} {TAILS[tail]}. ")
        length += len(parts[-1])
    return "".join(parts)[:size]


def load_text(split):
    """The text of a split; ends with a hint where it was never prepared."""
    path = {"train": TRAIN_FILE, "val": VAL_FILE}[split]
    if not path.exists():
        raise SystemExit(f"error: {path} is missing\\nhint: uv run prepare.py")
    return path.read_text(encoding="ascii")


def evaluate_bpb(probability):
    """Bits a character on the held-out text; probability(context, symbol) is the model's."""
    text = load_text("val")[: EVAL_TOKENS + MAX_SEQ_LEN]
    bits = 0.0
    for place in range(MAX_SEQ_LEN, len(text)):
        bits -= math.log2(probability(text[place - MAX_SEQ_LEN : place], text[place]))
    return bits / (len(text) - MAX_SEQ_LEN)


def main():
    TRAIN_FILE.parent.mkdir(parents=True, exist_ok=True)
    for path, seed, size in ((TRAIN_FILE, 11, TRAIN_CHARACTERS), (VAL_FILE, 12, EVAL_TOKENS + MAX_SEQ_LEN)):
        if path.exists() and path.stat().st_size == size:
            print(f"{path.name} is in place")
            continue
        path.write_text(compose(seed, size), encoding="ascii")
        print(f"wrote {path.name}: {size} characters")


if __name__ == "__main__":
    main()
`;

const trainPy = `"""The model: what experiments change. Counts of contexts, mixed by weights that are trained."""

import math
import os
import random
import resource
import sys
import time

from prepare import MAX_SEQ_LEN, TIME_BUDGET, evaluate_bpb, load_text

ORDER = 2  # longest context, in characters
SMOOTHING = 0.5  # added to every count
LEARNING_RATE = 0.05  # of the mixture's weights, falls linearly to 0
STEPS = 2_000  # one random place of the training text each
COUNTED = 30_000  # characters that the counts are taken from, beginning at a random place

if ORDER > MAX_SEQ_LEN:
    sys.exit(f"error: ORDER is {ORDER}, expected at most MAX_SEQ_LEN ({MAX_SEQ_LEN})")

t_start = time.monotonic()
rng = random.Random(int(os.environ.get("LAB_SEED", "1")))
text = load_text("train")
symbols = sorted(set(text))
first = rng.randrange(len(text))
counted = (text + text)[first : first + COUNTED]

counts = [{} for _ in range(ORDER + 1)]
for order in range(ORDER + 1):
    table = counts[order]
    for place in range(order, len(counted)):
        row = table.setdefault(counted[place - order : place], {})
        row[counted[place]] = row.get(counted[place], 0) + 1
totals = [{key: sum(row.values()) for key, row in table.items()} for table in counts]
weights = [0.0] * (ORDER + 1)


def chances(context, symbol):
    """What each order alone gives for the symbol."""
    found = []
    for order in range(ORDER + 1):
        key = context[len(context) - order :]
        row = counts[order].get(key, {})
        total = totals[order].get(key, 0) + SMOOTHING * len(symbols)
        found.append((row.get(symbol, 0) + SMOOTHING) / total)
    return found


def mixture():
    """The weights as shares."""
    top = max(weights)
    powers = [math.exp(weight - top) for weight in weights]
    return [power / sum(powers) for power in powers]


def probability(context, symbol):
    """The model: a mixture of the orders."""
    return sum(share * chance for share, chance in zip(mixture(), chances(context, symbol)))


t_train = time.monotonic()
num_steps = 0
smooth_loss = math.log2(len(symbols))
while num_steps < STEPS and time.monotonic() - t_train < TIME_BUDGET:
    place = rng.randrange(MAX_SEQ_LEN, len(text))
    found = chances(text[place - MAX_SEQ_LEN : place], text[place])
    shares = mixture()
    mixed = sum(share * chance for share, chance in zip(shares, found))
    rate = LEARNING_RATE * (1 - num_steps / STEPS)
    for order in range(ORDER + 1):
        weights[order] += rate * shares[order] * (found[order] / mixed - 1)
    loss = -math.log2(mixed)
    if math.isnan(loss) or loss > 100:
        print("FAIL")
        sys.exit(1)
    smooth_loss += 0.01 * (loss - smooth_loss)
    num_steps += 1
    if num_steps % 100 == 0:
        print(f"\\rstep {num_steps:05d} ({100 * num_steps / STEPS:.1f}%) | loss: {smooth_loss:.6f}    ", end="", flush=True)
print()
training_seconds = time.monotonic() - t_train

val_bpb = evaluate_bpb(probability)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
peak_vram_mb = peak / 2**20 if sys.platform == "darwin" else peak / 2**10

print("---")
print(f"val_bpb:          {val_bpb:.6f}")
print(f"training_seconds: {training_seconds:.1f}")
print(f"total_seconds:    {time.monotonic() - t_start:.1f}")
print(f"peak_vram_mb:     {peak_vram_mb:.1f}")
print("mfu_percent:      0.00")
print(f"total_tokens_M:   {num_steps / 1e6:.1f}")
print(f"num_steps:        {num_steps}")
print(f"num_params_M:     {sum(len(table) for table in counts) / 1e6:.1f}")
print(f"depth:            {ORDER}")
`;

const pyprojectToml = `[project]
name = "small-training-repository"
version = "0.1.0"
description = "A mixture of n-grams, small enough for tests"
requires-python = ">=3.8"
dependencies = []
`;

const uvLock = `version = 1
requires-python = ">=3.8"

[[package]]
name = "small-training-repository"
version = "0.1.0"
source = { virtual = "." }
`;

const gitignore = `__pycache__/
.venv/
results.tsv
run.log
`;

const uvScript = `#!/bin/sh
# Stand-in for uv: runs with the python3 that is there, and has nothing to synchronise.
case "$1" in
  --version) echo "uv 0.0.0 (stand-in)" ;;
  sync) ;;
  run)
    shift
    while [ "\${1#-}" != "$1" ]; do shift; done
    case "$1" in
      *.py) exec python3 "$@" ;;
      python) shift; exec python3 "$@" ;;
      *) exec "$@" ;;
    esac
    ;;
  *) echo "error: the stand-in for uv knows no '$1'" >&2; exit 2 ;;
esac
`;

/** The files of the repository, by path. */
export function trainingRepositoryFiles(budgetSeconds = 10): Record<string, string> {
  return {
    'program.md': programMd,
    'prepare.py': preparePy(budgetSeconds),
    'train.py': trainPy,
    'pyproject.toml': pyprojectToml,
    'uv.lock': uvLock,
    '.gitignore': gitignore,
  };
}

/** Makes the repository in `folder` (made where it is missing) with one commit and an identity of its own in `.git/config`. */
export async function createTrainingRepository(folder: string, options: TrainingRepositoryOptions = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [path, text] of Object.entries(trainingRepositoryFiles(options.budgetSeconds)))
    await writeFile(join(folder, path), text);
  // The settings of whoever runs the tests (signing, hooks, templates) must not reach it.
  const git = (...args: string[]) => execa('git', args, { cwd: folder, env: gitSettingsForTests });
  await git('init', '--quiet', `--initial-branch=${options.branch ?? 'master'}`);
  await git('config', 'user.name', 'Researcher');
  await git('config', 'user.email', 'researcher@example.org');
  await git('add', '-A');
  await git('commit', '--quiet', '-m', 'a small training repository');
}

/** Writes the data as `uv run prepare.py` would, below the `.cache/autoresearch` of `home`. */
export async function prepareTrainingData(folder: string, home: string): Promise<void> {
  await execa('python3', ['prepare.py'], { cwd: folder, env: { HOME: home, PYTHONDONTWRITEBYTECODE: '1' } });
}

/**
 * Writes the stand-in for `uv` into `folder` (made where it is missing); gives the folder, to be put first in PATH. A sandboxed run sees
 * it only where it lies below the HOME that the test gives the lab (`<home>/bin`), because /tmp is the run's own.
 */
export async function putUvOnPath(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'uv');
  await writeFile(file, uvScript);
  await chmod(file, 0o755);
  return folder;
}
