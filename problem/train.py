"""The model of the starter problem: what agents edit. A log-linear model of the next symbol, trained by SGD.

    python3 problem/train.py             trains, writes $LAB_OUT/model.json, prints the summary
    python3 problem/train.py --smoke     the same with a tiny budget: does it run at all?
    python3 problem/train.py --serve     the trained model as a process; its protocol is in 0_docs/problem.md

The chance of a symbol is softmax(sum of the rows of the active features); a row holds one weight per symbol.
Everything depends on LAB_SEED and the training text alone.
"""

import json
import math
import os
import random
import resource
import struct
import sys
import time
from pathlib import Path

ORDERS = (1, 2, 3)  # context lengths, in symbols
LEARNING_RATE = 0.3  # falls linearly to 0
SAMPLES = 700_000  # the budget: FIXED, so that runs compare on any machine
SMOKE_SAMPLES = 12_000
STEP_SAMPLES = 1_000
WINDOW = 32  # symbols of the past that features() may look at

HERE = Path(__file__).resolve().parent
TRAIN_PATH = HERE / "data" / "train.txt"
MODEL_PATH = Path(os.environ.get("LAB_OUT") or HERE / "data" / "out") / "model.json"


def features(past):
    """Keys of the active features; `past` is the last WINDOW symbols. Training and serving both use this."""
    keys = [past[-order:] for order in ORDERS]
    # A further feature is one more key, with a name before it that no other key begins with: "word|" + ...
    return keys


def predict(rows):
    """The distribution over the symbols that the active rows give."""
    logits = [sum(weights) for weights in zip(*rows)]
    top = max(logits)
    powers = [math.exp(logit - top) for logit in logits]
    total = sum(powers)
    return [power / total for power in powers]


def update(rows, slope, rate):
    """One step down the slope of the loss, in place."""
    for row in rows:
        row[:] = [weight - rate * change for weight, change in zip(row, slope)]


def train(text, seed, samples):
    """Trains on `samples` random positions; returns the symbols, the rows by feature and the last loss in bits."""
    symbols = "".join(sorted(set(text)))
    index = {symbol: place for place, symbol in enumerate(symbols)}
    rng = random.Random(seed)
    table = {}
    steps = samples // STEP_SAMPLES
    started = time.monotonic()
    smooth_loss = math.log2(len(symbols))
    for step in range(steps):
        rate = LEARNING_RATE * (1 - step / steps)
        loss = 0.0
        for _ in range(STEP_SAMPLES):
            position = rng.randrange(WINDOW, len(text))
            keys = features(text[position - WINDOW : position])
            rows = [table.setdefault(key, [0.0] * len(symbols)) for key in keys]
            slope = predict(rows)
            target = index[text[position]]
            loss -= math.log2(slope[target])
            slope[target] -= 1.0
            update(rows, slope, rate)
        smooth_loss += 0.1 * (loss / STEP_SAMPLES - smooth_loss)
        done = (step + 1) / steps
        remaining = (time.monotonic() - started) * (1 - done) / done
        progress = f"step {step + 1:05d} ({100 * done:.1f}%) | loss: {smooth_loss:.4f}"
        print(f"\r{progress} | remaining: {remaining:.0f}s    ", end="", flush=True)
    print()
    return symbols, table, smooth_loss


def serve():
    """Answers the scorer: one distribution, then one symbol comes, and so on until the pipe is closed."""
    model = json.loads(MODEL_PATH.read_text())
    symbols, table = model["symbols"], model["table"]
    greeting = sys.stdin.buffer.readline().decode("ascii").rstrip("\n")
    if greeting != f"nightlab-score-1 {symbols}":
        sys.exit(f"error: the scorer says {greeting!r}, expected nightlab-score-1 and the symbols {symbols!r}")
    unseen = [0.0] * len(symbols)
    frame = struct.Struct(f"<{len(symbols)}d")
    past = " " * WINDOW
    while True:
        rows = [table.get(key, unseen) for key in features(past)]
        os.write(1, frame.pack(*predict(rows)))
        symbol = os.read(0, 1)
        if not symbol:
            return
        past = past[1:] + symbol.decode("ascii")


def peak_memory_mib():
    """Highest resident memory of this process so far; macOS counts in bytes, Linux in KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def main(arguments):
    started = time.monotonic()
    if arguments == ["--serve"]:
        return serve()
    if arguments not in ([], ["--smoke"]):
        sys.exit(f"error: unknown arguments {arguments}, expected nothing, --smoke or --serve")
    if not TRAIN_PATH.exists():
        sys.exit(f"error: {TRAIN_PATH} is missing\nhint: python3 problem/prepare.py")
    text = TRAIN_PATH.read_text(encoding="ascii")
    samples = SMOKE_SAMPLES if arguments else SAMPLES

    training_started = time.monotonic()
    symbols, table, loss = train(text, int(os.environ.get("LAB_SEED", "1")), samples)
    training_seconds = time.monotonic() - training_started

    MODEL_PATH.parent.mkdir(parents=True, exist_ok=True)
    MODEL_PATH.write_text(json.dumps({"symbols": symbols, "table": table}))
    print("---")
    print(f"train_bpb:        {loss:.6f}")
    print(f"training_seconds: {training_seconds:.1f}")
    print(f"total_seconds:    {time.monotonic() - started:.1f}")
    print(f"peak_vram_mb:     {peak_memory_mib():.1f}")
    print(f"num_steps:        {samples // STEP_SAMPLES}")
    print(f"num_params:       {len(table) * len(symbols)}")
    print(f"samples:          {samples}")


if __name__ == "__main__":
    main(sys.argv[1:])
