/**
 * First half of the train.py that whole-rewrite hands in: constants, contexts, counts, the model. Python, honest and running; its second half
 * is in rewrite-training-text.ts. It is a new file in place of the old one, so it fits no limit on the size of an experiment.
 */

/** The first half: contexts, counts and the model. */
export const rewriteModelText = `"""The model of the starter problem: what agents edit. Interpolated counts of contexts, no slopes at all.

    python3 problem/train.py             counts, tunes, writes $LAB_OUT/model.json, prints the summary
    python3 problem/train.py --smoke     the same with a small part of the text: does it run at all?
    python3 problem/train.py --serve     the trained model as a process; its protocol is in 0_docs/problem.md

Every context that was seen holds how often each symbol came after it. A prediction starts from the uniform
distribution and goes from the shortest context to the longest: each one mixes what it counted with what the
shorter ones said, and the more it was seen, the more it is believed. How much belief a context deserves is
tuned for each family of contexts on a part of the text that was not counted.

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

MAX_ORDER = 7  # longest context, in symbols
SAMPLES = 700_000  # the budget: FIXED; counting uses each position once and so needs less
SMOKE_SAMPLES = 12_000
TUNING_SHARE = 20  # one position in so many is kept back to tune the strengths
TUNING_POSITIONS = 3_000  # of those, so many are looked at in each round
TUNING_ROUNDS = 2
STRENGTHS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # candidates
FIRST_STRENGTH = 0.5
PRUNE_BITS = 0.02  # a context that says less than this beyond the more general ones is dropped
PRUNE_COUNT = 2  # and so is one that was seen less often than this
CHECKED_POSITIONS = 500  # predictions that are checked before the model is written
SUM_TOLERANCE = 1e-9  # how far from 1 a checked prediction may add up
WINDOW = 32  # symbols of the past that contexts() may look at

HERE = Path(__file__).resolve().parent
TRAIN_PATH = HERE / "data" / "train.txt"
MODEL_PATH = Path(os.environ.get("LAB_OUT") or HERE / "data" / "out") / "model.json"


# ---------------------------------------------------------------- contexts


def family_names():
    """The families of contexts, from the most general to the most special: predictions are mixed in this order."""
    return ["none"] + [f"last {order}" for order in range(1, MAX_ORDER + 1)] + ["word", "ending", "pair"]


def contexts(past):
    """One context of each family, in the order of family_names(); \`past\` is the last WINDOW symbols.

    Training and serving both use this. A context of another family never equals one of this family, because each
    family has counts of its own.
    """
    before, word = past.rsplit(" ", 2)[-2:]
    found = [""]
    for order in range(1, MAX_ORDER + 1):
        found.append(past[-order:])
    found.append(word)
    found.append(before[-2:] + " " + word)
    found.append(before + " " + word)
    return found


# ---------------------------------------------------------------- counts


class Counts:
    """How often each symbol came after each context of one family."""

    def __init__(self):
        self.symbols_after = {}  # context -> {place of the symbol: count}
        self.total_after = {}  # context -> sum of these counts

    def add(self, context, place):
        """Counts one symbol after a context."""
        after = self.symbols_after.get(context)
        if after is None:
            after = {}
            self.symbols_after[context] = after
            self.total_after[context] = 0
        after[place] = after.get(place, 0) + 1
        self.total_after[context] += 1

    def mix_into(self, chances, context, strength):
        """The distribution after a context, given that of the more general families.

        Witten and Bell's rule with a strength: the more different symbols came after the context, the more mass goes
        to the general distribution. A context that was never seen changes nothing, which is what its zero counts say.
        """
        after = self.symbols_after.get(context)
        if after is None:
            return chances
        reserve = strength * len(after)
        total = self.total_after[context] + reserve
        mixed = [chance * reserve / total for chance in chances]
        for place, count in after.items():
            mixed[place] += count / total
        return mixed

    def drop(self, context):
        """Forgets a context."""
        del self.symbols_after[context]
        del self.total_after[context]

    def cells(self):
        """Number of counts that are kept."""
        return sum(len(after) for after in self.symbols_after.values())

    def to_json(self):
        """A form that json can hold; from_json is its inverse."""
        return {context: sorted(after.items()) for context, after in self.symbols_after.items()}

    @classmethod
    def from_json(cls, stored):
        """Counts as to_json gave them."""
        counts = cls()
        for context, pairs in stored.items():
            counts.symbols_after[context] = dict(pairs)
            counts.total_after[context] = sum(count for _, count in pairs)
        return counts


# ---------------------------------------------------------------- the model


class Model:
    """The symbols, the counts of each family, and how strongly each family leans on the more general ones."""

    def __init__(self, symbols, families, strengths):
        if len(families) != len(strengths):
            raise ValueError(f"{len(families)} families and {len(strengths)} strengths, expected as many of both")
        self.symbols = symbols
        self.families = families
        self.strengths = strengths

    @classmethod
    def empty(cls, symbols):
        """A model that has counted nothing and predicts uniformly."""
        names = family_names()
        return cls(symbols, [Counts() for _ in names], [FIRST_STRENGTH for _ in names])

    def learn(self, past, place):
        """Counts the symbol at a place of the alphabet after each context of the past."""
        for family, context in zip(self.families, contexts(past)):
            family.add(context, place)

    def predict(self, past):
        """The distribution over the symbols after the past."""
        chances = [1 / len(self.symbols)] * len(self.symbols)
        for family, context, strength in zip(self.families, contexts(past), self.strengths):
            chances = family.mix_into(chances, context, strength)
        return chances

    def cells(self):
        """Number of counts of all families."""
        return sum(family.cells() for family in self.families)

    def write(self, path):
        """Writes the model as JSON; the folder is made where it is missing."""
        stored = {
            "symbols": self.symbols,
            "names": family_names(),
            "strengths": self.strengths,
            "families": [family.to_json() for family in self.families],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(stored))

    @classmethod
    def read(cls, path):
        """Reads what write() wrote; stops where the file is of other families."""
        stored = json.loads(path.read_text())
        if stored["names"] != family_names():
            sys.exit(f"error: {path} holds the families {stored['names']}, expected {family_names()}")
        families = [Counts.from_json(family) for family in stored["families"]]
        return cls(stored["symbols"], families, stored["strengths"])


`;
