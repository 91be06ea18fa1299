/**
 * A lab whose agents are a program of the test: a Python script behind the real command adapter, which does what its role asks, well or
 * badly, as the idea's slug says. The problem is the temporary lab's: train.py leaves one number, lower is better.
 */
import { join } from 'node:path';
import { createTemporaryLab, type TemporaryLab } from './temporary-lab.ts';

const script = `import json, os, random, re, subprocess, sys, time
role, outbox, inbox = os.environ["LAB_ROLE"], os.environ["LAB_OUTBOX"], os.environ["LAB_INBOX"]
slug = os.environ.get("LAB_SLUG", "")
assert open(sys.argv[1]).read().startswith("# Your role: " + role)

def hand_in(name, text):
    with open(os.path.join(outbox, name), "w") as file:
        file.write(text)

# Made-up words, others for each idea: the lab turns away what says the same.
def words(slug):
    dice = random.Random(slug)
    return " ".join("".join(dice.choice("bdgklmnprst") + dice.choice("aeiou") for _ in range(4)) for _ in range(6))

def propose(slug, hypothesis):
    hand_in(slug + ".md", f"""---
slug: {slug}
title: {words(slug)}
category: architecture
expected: {os.environ.get("EXPECTED", "-0.100 score")}
refuted_by: no change of the score
cost_minutes: 1
---

## Hypothesis

{hypothesis}

## Mechanism

{words(slug)}

## Change

{words(slug)}

## Test plan

One run.
""")

# More than anybody wants: a link, a huge file, two hundred ideas.
def flood():
    os.symlink(os.path.abspath("lab.yaml"), os.path.join(outbox, "0-link.md"))
    hand_in("1-huge.md", "x" * 300_000)
    for count in range(200):
        propose(f"many-{count:03}", f"It lowers {words(f'many-{count:03}')}.")

if role == "ideator":
    if os.environ.get("SLUGS") == "flood":
        flood()
        sys.exit()
    here = os.listdir("1_ideas") + (os.listdir("1_ideas/rejected") if os.path.exists("1_ideas/rejected") else [])
    wanted = [one for one in os.environ.get("SLUGS", "better worse").split() if not any(name.endswith("_" + one + ".md") for name in here)]
    for one in wanted:
        propose(one, "" if one == "vague" else f"It lowers {words(one)}.")
elif role == "critic":
    for name in os.listdir(inbox):
        one = name[:-3]
        if one == "omitted":
            continue
        if one == "overrated":
            hand_in(name, "---\\nrating: 11\\n---\\n\\nThe best ever.\\n")
            continue
        if one == "knob":
            hand_in(name, "---\\nrating: 2\\nknob_only: true\\n---\\n\\nA number is turned.\\n")
            continue
        rating = {"better": 9, "worse": 7}.get(one, 5)
        hand_in(name, f"---\\nrating: {rating}\\n---\\n\\nSound enough for {one}.\\n")
elif role == "implementer":
    if slug == "cannot":
        hand_in("cannot.md", "there is no such place in train.py")
        sys.exit()
    if slug == "slow":
        # Tells that it is at work, then waits to be let go.
        open("started", "w").write("")
        while not os.path.exists(os.path.join(os.environ["SIGNALS"], "go")):
            time.sleep(0.02)
        os.remove("started")
    if slug == "forever":
        os.setsid() if os.getpid() != os.getpgrp() else None
        while True:
            print("still thinking", flush=True)
            time.sleep(0.1)
    if slug == "outside":
        with open(os.path.join("..", "..", "train.py"), "w") as file:
            file.write("stolen")
    if slug != "lazy":
        text = open("train.py").read()
        number = {"better": "0.5", "worse": "2.0"}.get(slug, f"{1.1 + random.Random(slug).random():.4f}")
        text = re.sub(r'write\\("[\\d.]+"\\)', f'write("{number}")', text)
        if slug == "crash" or (slug == "crash-once" and not os.path.exists(os.path.join(inbox, "back.md"))):
            text = "raise IndexError('no such list')\\n" + text
        elif slug == "crash-once":
            text = text.replace("raise IndexError('no such list')\\n", "")
        elif os.path.exists(os.path.join(inbox, "back.md")):
            text += "# mended\\n"
        open("train.py", "w").write(text)
    if slug == "linked":
        # Where the lab will write the copy of the report, a link to somebody else's file, out of git's sight.
        today = time.strftime("%Y-%m-%d")
        os.makedirs("9_reports", exist_ok=True)
        os.symlink(os.environ["VICTIM"], f"9_reports/{today}_linked.md")
        open(".gitignore", "a").write(f"/9_reports/{today}_linked.md\\n")
    if slug == "big":
        with open("weights.bin", "wb") as file:
            file.truncate(30_000_000)
    if slug == "nested":
        subprocess.run(["git", "init", "-q", "sub"], check=True)
    if slug == "switch":
        subprocess.run(["git", "checkout", "-q", "-f", "feature"], check=True)
        open("train.py", "a").write("# elsewhere\\n")
    if slug == "frozen":
        open("eval.py", "a").write("# easier\\n")
    hand_in("notes.md", "Wrote another number.")
elif role == "reviewer" and (slug == "blocked" or (slug == "block-once" and "# mended" not in open("train.py").read())):
    hand_in("review.md", "---\\nverdict: changes\\nfindings:\\n  - severity: blocking\\n    file: train.py\\n    text: the number is a guess\\n---\\n\\nNot so.\\n")
elif role == "reviewer" and slug == "garbled":
    hand_in("review.md", "Looks good to me!\\n")
elif role == "reviewer":
    hand_in("review.md", "---\\nverdict: approve\\nfindings: []\\n---\\n\\nIt does what it says.\\n")
elif role == "reporter" and os.path.exists(os.path.join(inbox, "question.md")):
    question = open(os.path.join(inbox, "question.md")).read()
    asked_again = "could not be used" in open(sys.argv[1]).read()
    if "invent" in question or ("slip" in question and not asked_again):
        hand_in("answer.md", "It reached 0.4321 at its best.\\n")
    elif "nothing" not in question:
        metric = json.load(open(os.path.join(inbox, "record.json")))["metric"]
        hand_in("answer.md", f"The score is {metric}, because the number is.\\n\\n## Verdict\\n")
elif role == "reporter" and (slug == "invents" or (slug == "invents-once" and "could not be used" not in open(sys.argv[1]).read())):
    hand_in("report.md", "## What was changed\\n\\nThe number.\\n\\n## Inferences\\n\\nIt would reach 0.4321.\\n\\n## Journal\\n\\nGreat.\\n")
elif role == "reporter":
    hand_in("report.md", "## What was changed\\n\\nThe number.\\n\\n## Inferences\\n\\nIt counts.\\n\\n## Claims\\n\\nNone.\\n\\n## What next\\n\\nAnother number.\\n\\n## Journal\\n\\nNumbers matter.\\n")
`;

/** Makes the lab; `slugs` are the ideas that its ideator has, `local` further lines of lab.local.yaml below `agents:`, `direction` of the score. */
export async function createScriptedLab(
  slugs: string[],
  local = '',
  direction: 'lower' | 'higher' = 'lower',
): Promise<TemporaryLab> {
  const config = `metric:
  name: score
  direction: ${direction}
commands:
  train: python3 train.py
  smoke: python3 train.py
  score: python3 eval.py
run:
  seeds: [1, 2]
`;
  const lab = await createTemporaryLab({
    files: { 'agent.py': script },
    config,
    local: `agents:
  use: scripted
  commands:
    scripted: python3 {directory}/agent.py {promptFile}
  env: [SLUGS, SIGNALS, EXPECTED, VICTIM]
${local}`,
  });
  lab.env.SLUGS = slugs.join(' ');
  lab.env.EXPECTED = direction === 'lower' ? '-0.100 score' : '+0.100 score';
  lab.env.SIGNALS = join(lab.root, '.git', 'signals');
  return lab;
}
