/**
 * Second half of the train.py that whole-rewrite hands in: tuning, pruning, checks, training, serving, the command. The first half is in
 * rewrite-model-text.ts.
 */

/** The second half: tuning, pruning, checks, training, serving and the command. */
export const rewriteTrainingText = `# ---------------------------------------------------------------- tuning


def split_positions(text, seed, samples):
    """Positions to count, in the order of the text, and positions kept back, shuffled; no position is in both."""
    rng = random.Random(seed)
    last = min(len(text), WINDOW + samples)
    counted, kept_back = [], []
    for position in range(WINDOW, last):
        if rng.randrange(TUNING_SHARE) == 0:
            kept_back.append(position)
        else:
            counted.append(position)
    rng.shuffle(kept_back)
    return counted, kept_back


def loss_bits(model, text, index, positions):
    """Mean information of the symbols at the positions, in bits, as the model sees it."""
    if not positions:
        raise ValueError("no positions to measure the loss on")
    bits = 0.0
    for position in positions:
        chances = model.predict(text[position - WINDOW : position])
        bits -= math.log2(chances[index[text[position]]])
    return bits / len(positions)


def tune(model, text, index, positions, report):
    """Sets the strength of one family after the other to the candidate with the smallest loss; returns that loss.

    The families depend on each other, so the round is repeated. A candidate replaces the present strength only where
    it is better, and so the loss never grows.
    """
    best_loss = loss_bits(model, text, index, positions)
    names = family_names()
    for turn in range(TUNING_ROUNDS):
        for place, name in enumerate(names):
            present = model.strengths[place]
            for candidate in STRENGTHS:
                if candidate == model.strengths[place]:
                    continue
                model.strengths[place] = candidate
                loss = loss_bits(model, text, index, positions)
                if loss < best_loss:
                    best_loss, present = loss, candidate
                else:
                    model.strengths[place] = present
            model.strengths[place] = present
            done = (turn * len(names) + place + 1) / (TUNING_ROUNDS * len(names))
            report(done, best_loss, f"{name} {present}")
    return best_loss


# ---------------------------------------------------------------- pruning


def news_bits(general, special):
    """Relative entropy: what is lost, in bits, where the general distribution stands in for the special one."""
    return sum(chance * math.log2(chance / other) for chance, other in zip(special, general) if chance > 0)


def find_idle_contexts(model, text, positions):
    """For each family the contexts that add next to nothing to the more general families, with all of these in place.

    A context is judged where it stands in the text, because what the more general families say depends on the place.
    One position is enough for each, and the first one is taken.
    """
    judged = [set() for _ in model.families]
    idle = [[] for _ in model.families]
    for position in positions:
        chances = [1 / len(model.symbols)] * len(model.symbols)
        found = contexts(text[position - WINDOW : position])
        for place, (family, context, strength) in enumerate(zip(model.families, found, model.strengths)):
            general = chances
            chances = family.mix_into(general, context, strength)
            if place == 0 or context in judged[place] or context not in family.total_after:
                continue
            judged[place].add(context)
            is_rare = family.total_after[context] < PRUNE_COUNT
            if is_rare or news_bits(general, chances) < PRUNE_BITS:
                idle[place].append(context)
    return idle


def prune(model, text, positions):
    """Drops the idle contexts of all families; returns how many cells that saves."""
    before = model.cells()
    for family, idle in zip(model.families, find_idle_contexts(model, text, positions)):
        for context in idle:
            family.drop(context)
    return before - model.cells()


# ---------------------------------------------------------------- checks


def check_predictions(model, text, positions):
    """Stops where a prediction is no distribution: the scorer would refuse it, and later is worse than now."""
    for position in positions:
        chances = model.predict(text[position - WINDOW : position])
        if min(chances) <= 0:
            sys.exit(f"error: a chance of {min(chances)} at position {position}, expected more than 0")
        if abs(math.fsum(chances) - 1) > SUM_TOLERANCE:
            sys.exit(f"error: the chances at position {position} add up to {math.fsum(chances)}, expected 1")


def describe_families(model, text, positions):
    """One line per family: contexts, cells, strength, and at how many of the positions its context is known."""
    known = [0] * len(model.families)
    for position in positions:
        found = contexts(text[position - WINDOW : position])
        for place, (family, context) in enumerate(zip(model.families, found)):
            known[place] += context in family.total_after
    lines = [f"{'family':<10}{'contexts':>10}{'cells':>10}{'strength':>10}{'known':>8}"]
    for place, (name, family) in enumerate(zip(family_names(), model.families)):
        share = 100 * known[place] / len(positions)
        size = len(family.total_after)
        lines.append(f"{name:<10}{size:>10}{family.cells():>10}{model.strengths[place]:>10}{share:>7.1f}%")
    return "\\n".join(lines)


# ---------------------------------------------------------------- training


def train(text, seed, samples, tuning_positions):
    """Counts and tunes; returns the model, the loss on the positions kept back in bits, and the number of counted ones."""
    symbols = "".join(sorted(set(text)))
    index = {symbol: place for place, symbol in enumerate(symbols)}
    model = Model.empty(symbols)
    counted, kept_back = split_positions(text, seed, samples)
    for position in counted:
        model.learn(text[position - WINDOW : position], index[text[position]])
    print(f"counted {len(counted)} positions, {model.cells()} cells")

    started = time.monotonic()

    def report(done, loss, what):
        remaining = (time.monotonic() - started) * (1 - done) / done
        print(f"\\rtuning {100 * done:.1f}% | loss: {loss:.4f} | {what} | remaining: {remaining:.0f}s    ", end="", flush=True)

    loss = tune(model, text, index, kept_back[:tuning_positions], report)
    print()
    # The positions kept back have done their work: count them too, so that nothing of the text is lost.
    for position in kept_back:
        model.learn(text[position - WINDOW : position], index[text[position]])
    saved = prune(model, text, counted)
    print(f"pruned {saved} cells, {model.cells()} are left")
    looked_at = kept_back[:CHECKED_POSITIONS]
    check_predictions(model, text, looked_at)
    print(describe_families(model, text, looked_at))
    return model, loss, len(counted) + len(kept_back)


# ---------------------------------------------------------------- serving


def read_greeting(symbols):
    """Reads the scorer's first line; stops where it speaks of another protocol or other symbols."""
    greeting = sys.stdin.buffer.readline().decode("ascii").rstrip("\\n")
    expected = f"nightlab-score-1 {symbols}"
    if greeting != expected:
        sys.exit(f"error: the scorer says {greeting!r}, expected {expected!r}")


def serve():
    """Answers the scorer: one distribution, then one symbol comes, and so on until the pipe is closed."""
    model = Model.read(MODEL_PATH)
    read_greeting(model.symbols)
    frame = struct.Struct(f"<{len(model.symbols)}d")
    past = " " * WINDOW
    while True:
        chances = model.predict(past)
        os.write(1, frame.pack(*chances))
        symbol = os.read(0, 1)
        if not symbol:
            return
        past = past[1:] + symbol.decode("ascii")


# ---------------------------------------------------------------- the command


def peak_memory_mib():
    """Highest resident memory of this process so far; macOS counts in bytes, Linux in KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def read_text():
    """The training text; stops with a hint where it is missing."""
    if not TRAIN_PATH.exists():
        sys.exit(f"error: {TRAIN_PATH} is missing\\nhint: python3 problem/prepare.py")
    return TRAIN_PATH.read_text(encoding="ascii")


def print_summary(model, loss, counted, training_seconds, total_seconds):
    """The block at the end of the log."""
    print("---")
    print(f"train_bpb:        {loss:.6f}")
    print(f"training_seconds: {training_seconds:.1f}")
    print(f"total_seconds:    {total_seconds:.1f}")
    print(f"peak_vram_mb:     {peak_memory_mib():.1f}")
    print("num_steps:        1")
    print(f"num_params:       {model.cells()}")
    print(f"samples:          {counted}")


def main(arguments):
    """Trains, or serves with --serve; anything else but --smoke is refused."""
    started = time.monotonic()
    if arguments == ["--serve"]:
        return serve()
    if arguments not in ([], ["--smoke"]):
        sys.exit(f"error: unknown arguments {arguments}, expected nothing, --smoke or --serve")
    text = read_text()
    is_smoke = len(arguments) > 0
    samples = SMOKE_SAMPLES if is_smoke else SAMPLES
    tuning_positions = TUNING_POSITIONS // 40 if is_smoke else TUNING_POSITIONS

    training_started = time.monotonic()
    seed = int(os.environ.get("LAB_SEED", "1"))
    model, loss, counted = train(text, seed, samples, tuning_positions)
    training_seconds = time.monotonic() - training_started

    model.write(MODEL_PATH)
    print_summary(model, loss, counted, training_seconds, time.monotonic() - started)


if __name__ == "__main__":
    main(sys.argv[1:])
`;
