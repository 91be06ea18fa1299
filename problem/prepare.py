"""FROZEN: the data and the score of the starter problem. Agents read this file and never change it.

    python3 problem/prepare.py           writes the training text to problem/data/train.txt (nothing to do: says so)
    python3 problem/prepare.py score     scores a trained model on a text that is never written to disk

A seeded generator draws sentences of an invented language. Every draw has a known probability and every text can be
read back into its draws in one way only, so the exact information of a text is known: sum(-log2 p(draw)) / bytes is
the `oracle_bpb` that no honest model beats in expectation. 0_docs/problem.md has the language, the scorer's protocol
and the figures.

The scorer's text comes from LAB_SCORE_SEED, which only the scorer is given. `--public` scores a fixed, public text
instead, for use by hand; `--smoke` is the same with 2 kB. Neither is a result.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import os
import select
import struct
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRAIN_PATH = HERE / "data" / "train.txt"
TRAIN_BYTES = 400_000
TRAIN_SHA256 = "635c491fcfbea0f1f97657e848af209a93e67addb934d107256783d0a0ce81ba"
SCORE_BYTES = 40_000
SMOKE_BYTES = 2_000
PUBLIC_SEED = "public"

CONSONANTS = "bdgklmnrst"
VOWELS = "aiou"
AND = "e"  # marks a sentence about the object of the one before
ALPHABET = "".join(sorted(" ." + AND + CONSONANTS + VOWELS))

PROTOCOL = "nightlab-score-1"
READ_SECONDS = 30  # longest wait for one prediction
TOTAL_SECONDS = 600  # longest score as a whole
SUM_TOLERANCE = 1e-6


# ---------------------------------------------------------------- the language


class Dice:
    """A stream of draws from one seed, the same on every machine, and the information (bits) of all draws so far.

    SHA-256 in counter mode and not `random`: a Mersenne twister can be solved from the text that it produced.
    """

    def __init__(self, purpose: str, seed: str) -> None:
        self._key = f"{purpose}\0{seed}\0".encode()
        self._counter = 0
        self.bits = 0.0

    def draw(self, table: Table) -> int:
        digest = hashlib.sha256(self._key + self._counter.to_bytes(8, "little")).digest()
        self._counter += 1
        choice = bisect_right(table.edges, int.from_bytes(digest[:8], "little") % table.total)
        self.bits += table.bits[choice]
        return choice


class Table:
    """Integer weights of the choices 0, 1, 2, …, and the information of each in bits."""

    def __init__(self, weights: list[int]) -> None:
        self.edges = list(accumulate(weights))
        self.total = self.edges[-1]
        self.bits = [math.log2(self.total / weight) for weight in weights]


def zipf(count: int, dice: Dice | None = None) -> Table:
    """Weights 1, 1/2, 1/3, …; with dice the ranks are shuffled, so that each table prefers other choices."""
    weights = [55_440 // (rank + 1) for rank in range(count)]
    if dice is not None:
        for last in range(count - 1, 0, -1):
            other = dice.draw(Table([1] * (last + 1)))
            weights[last], weights[other] = weights[other], weights[last]
    return Table(weights)


class Language:
    """Words and tables: fixed, public, the same for the training text and for every validation text."""

    GENDERS = 3
    CLASSES = 6

    def __init__(self) -> None:
        self._dice = Dice("language", "1")
        self._taken: list[str] = []
        self.endings = ["a", "o", "i"]
        self.suffixes = ["n", "st", "lk"]
        self.determiners = self._words(self.GENDERS, 1, "")
        self.prepositions = self._words(3, 1, "s")
        self.adjectives = self._words(16, 2, "l")
        self.nouns = self._words(60, 3, "")
        self.stems = self._words(16, 2, "")
        self.places = self._words(16, 2, "r")
        self.noun_table = zipf(len(self.nouns))
        self.adjective_table = zipf(len(self.adjectives))
        self.place_table = zipf(len(self.places))
        self.preposition_tables = [zipf(3, self._dice) for _ in self.places]
        self.stem_tables = [zipf(len(self.stems), self._dice) for _ in range(self.CLASSES)]
        self.object_tables = [zipf(len(self.nouns), self._dice) for _ in self.stems]

    def _words(self, count: int, syllables: int, tail: str) -> list[str]:
        """Fresh words, none of which begins another one of the language."""
        consonants, vowels = Table([1] * len(CONSONANTS)), Table([1] * len(VOWELS))
        words: list[str] = []
        while len(words) < count:
            pairs = [(self._dice.draw(consonants), self._dice.draw(vowels)) for _ in range(syllables)]
            word = "".join(CONSONANTS[c] + VOWELS[v] for c, v in pairs) + tail
            if not any(word.startswith(other) or other.startswith(word) for other in self._taken):
                words.append(word)
                self._taken.append(word)
        return words


ADJECTIVE = Table([3, 2])  # no, yes
PLACE = Table([1, 1])
SAME_SUBJECT = Table([3, 2])


def compose(purpose: str, seed: str, size: int) -> tuple[str, float]:
    """Whole sentences of at least `size` bytes in all, and their exact information in bits."""
    language, dice = Language(), Dice(purpose, seed)

    def noun_phrase(noun: int) -> list[str]:
        gender = noun % language.GENDERS
        words = [language.determiners[gender]]
        if dice.draw(ADJECTIVE):
            words.append(language.adjectives[dice.draw(language.adjective_table)] + language.endings[gender])
        return [*words, language.nouns[noun]]

    sentences: list[str] = []
    length, previous = 0, None
    while length < size:
        if previous is not None and dice.draw(SAME_SUBJECT):
            subject, words = previous, [AND, language.nouns[previous]]
        else:
            subject = dice.draw(language.noun_table)
            words = noun_phrase(subject)
        stem = dice.draw(language.stem_tables[subject % language.CLASSES])
        words.append(language.stems[stem] + language.suffixes[subject % language.GENDERS])
        previous = dice.draw(language.object_tables[stem])
        words += noun_phrase(previous)
        if dice.draw(PLACE):
            place = dice.draw(language.place_table)
            words += [language.prepositions[dice.draw(language.preposition_tables[place])], language.places[place]]
        sentences.append(" ".join(words) + ". ")
        length += len(sentences[-1])
    return "".join(sentences), dice.bits


# ---------------------------------------------------------------- prepare


def write_training_text() -> None:
    """Writes the training text where it is missing or differs; a reader never sees half a file."""
    if TRAIN_PATH.exists() and hashlib.sha256(TRAIN_PATH.read_bytes()).hexdigest() == TRAIN_SHA256:
        print(f"problem/data/train.txt is in place ({TRAIN_PATH.stat().st_size} bytes)")
        return
    data = compose("training", PUBLIC_SEED, TRAIN_BYTES)[0].encode("ascii")
    digest = hashlib.sha256(data).hexdigest()
    if digest != TRAIN_SHA256:
        sys.exit(f"error: the generator made a text with SHA-256 {digest}, expected {TRAIN_SHA256}")
    TRAIN_PATH.parent.mkdir(parents=True, exist_ok=True)
    partial = TRAIN_PATH.with_name(f"train.txt.{os.getpid()}.part")
    partial.write_bytes(data)
    os.replace(partial, TRAIN_PATH)
    print(f"wrote problem/data/train.txt ({len(data)} bytes)")


# ---------------------------------------------------------------- score


class Refused(Exception):
    """The model broke the protocol; the text says how."""


class Model:
    """The trained model's process, seen only through two pipes: nothing that it wrote is imported or unpickled."""

    def __init__(self) -> None:
        start = os.environ.get("LAB_MODEL")
        command = [start] if start else [sys.executable, str(HERE / "train.py"), "--serve"]
        environment = {name: value for name, value in os.environ.items() if name != "LAB_SCORE_SEED"}
        # What the model prints must not reach the score's log, where the metric is read.
        self.errors = tempfile.TemporaryFile()
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, env=environment, bufsize=0
            )
        except OSError as error:
            raise Refused(f"the model's process cannot be started: {error}") from error
        assert self.process.stdin is not None and self.process.stdout is not None
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        self._frame = struct.Struct(f"<{len(ALPHABET)}d")
        self._deadline = time.monotonic() + TOTAL_SECONDS

    def _ended(self) -> Refused:
        try:
            return Refused(f"the model ended early, exit code {self.process.wait(timeout=2)}")
        except subprocess.TimeoutExpired:
            return Refused("the model ended early: it closed its pipe and runs on")

    def tell(self, data: bytes) -> None:
        try:
            self._stdin.write(data)
        except BrokenPipeError:
            raise self._ended() from None

    def predict(self) -> tuple[float, ...]:
        """The distribution for the next symbol, in the order of ALPHABET, checked."""
        data, want = b"", self._frame.size
        while len(data) < want:
            limit = min(READ_SECONDS, self._deadline - time.monotonic())
            if limit <= 0 or not select.select([self._stdout], [], [], limit)[0]:
                limits = f"limits: {READ_SECONDS} s for one prediction, {TOTAL_SECONDS} s in all"
                raise Refused(f"the model stalled: {len(data)} of {want} bytes came ({limits})")
            # One byte more than wanted, so that a frame of the wrong length is noticed.
            chunk = os.read(self._stdout.fileno(), want - len(data) + 1)
            if not chunk:
                raise self._ended()
            data += chunk
        if len(data) > want:
            raise Refused(f"wrong length: more than {want} bytes ({len(ALPHABET)} float64) in one prediction")
        chances = self._frame.unpack(data)
        if not all(map(math.isfinite, chances)):
            raise Refused("a chance is not a finite number")
        if min(chances) < 0:
            raise Refused(f"a chance is negative: {min(chances)}")
        if abs(math.fsum(chances) - 1) > SUM_TOLERANCE:
            raise Refused(f"the chances add up to {math.fsum(chances)}, expected 1 within {SUM_TOLERANCE}")
        return chances

    def stop(self) -> None:
        self._stdin.close()
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._stdout.close()

    def last_words(self) -> list[str]:
        """The end of what the model wrote to stderr, made harmless for a log that is searched for numbers."""
        self.errors.seek(max(0, self.errors.seek(0, os.SEEK_END) - 2_000))
        lines = self.errors.read().decode("ascii", "replace").splitlines()[-8:]
        return ["  model| " + "".join(c if c.isprintable() else "?" for c in line) for line in lines]


def hide_memory() -> None:
    """Linux: other processes of this user may not look into this one (/proc/…/mem, ptrace), where the seed is."""
    if sys.platform.startswith("linux"):
        no_dump = 4  # PR_SET_DUMPABLE
        if ctypes.CDLL(None).prctl(no_dump, 0, 0, 0, 0) != 0:
            print("note: the scorer's memory could not be hidden from other processes", file=sys.stderr)


def score(seed_pipe: int | None, size: int) -> None:
    """Feeds the validation text to the model symbol by symbol and prints the summary; seed_pipe None: public text."""
    started = time.monotonic()
    model, shown = None, 0
    try:
        model = Model()
        hide_memory()
        seed = PUBLIC_SEED if seed_pipe is None else os.fdopen(seed_pipe).read()
        text, oracle_bits = compose("validation", seed, size)
        index = {symbol: place for place, symbol in enumerate(ALPHABET)}
        model.tell(f"{PROTOCOL} {ALPHABET}\n".encode("ascii"))
        bits = 0.0
        for symbol in text:
            if shown > 0:
                model.tell(text[shown - 1].encode("ascii"))
            chances = model.predict()
            if chances[index[symbol]] == 0:
                raise Refused("chance 0 for the symbol that came, so the score would be infinite")
            bits -= math.log2(chances[index[symbol]] / math.fsum(chances))
            shown += 1
    except Refused as refusal:
        print(f"REFUSED: symbol {shown}: {refusal}", flush=True)
        if model is not None:
            print("\n".join(model.last_words()), flush=True)
        sys.exit(1)
    finally:
        if model is not None:
            model.stop()
    val_bpb, oracle_bpb = bits / len(text), oracle_bits / len(text)
    print("---")
    print(f"val_bpb:          {val_bpb:.6f}")
    print(f"oracle_bpb:       {oracle_bpb:.6f}")
    print(f"val_bytes:        {len(text)}")
    print(f"val_text:         {'public' if seed_pipe is None else 'secret'}")
    print(f"score_seconds:    {time.monotonic() - started:.1f}")
    print(f"leak:             {'true' if val_bpb < oracle_bpb else 'false'}")


def restart_with_hidden_seed() -> None:
    """Runs this file again with the seed in a pipe: a process's first environment stays readable in /proc."""
    seed = os.environ.get("LAB_SCORE_SEED", "")
    if not seed:
        sys.exit(
            "error: LAB_SCORE_SEED is not set, expected the lab's secret seed\n"
            "hint: by hand: python3 problem/prepare.py score --public"
        )
    reading, writing = os.pipe()
    os.write(writing, seed.encode())
    os.close(writing)
    os.set_inheritable(reading, True)
    environment = {name: value for name, value in os.environ.items() if name != "LAB_SCORE_SEED"}
    command = [sys.executable, "-I", str(Path(__file__).resolve()), "score", f"--seed-pipe={reading}"]
    os.execve(sys.executable, command, environment)


def main(arguments: list[str]) -> None:
    if arguments == []:
        write_training_text()
    elif arguments == ["score"]:
        restart_with_hidden_seed()
    elif arguments == ["score", "--public"]:
        score(None, SCORE_BYTES)
    elif arguments == ["score", "--smoke"]:
        score(None, SMOKE_BYTES)
    elif len(arguments) == 2 and arguments[0] == "score" and arguments[1].startswith("--seed-pipe="):
        score(int(arguments[1].split("=")[1]), SCORE_BYTES)
    else:
        sys.exit(f"error: unknown arguments {arguments}, expected nothing, score, score --public or score --smoke")


if __name__ == "__main__":
    main(sys.argv[1:])
