/**
 * The agent of `npm run bench nights`: a Python script behind the lab's own command adapter. It plays every role and makes the edits of a list
 * that lies beside it in the lab. It gives all ideas the same rating; the order comes from who calls `lab implement`.
 */

/** The script, committed in the lab as `agent/play.py`; `agent/edits.json` holds what it is to do. */
export const agentScript = `import json, os, random, re
role, outbox, inbox = os.environ["LAB_ROLE"], os.environ["LAB_OUTBOX"], os.environ["LAB_INBOX"]
slug = os.environ.get("LAB_SLUG", "")
edits = json.load(open("agent/edits.json"))

def hand_in(name, text):
    with open(os.path.join(outbox, name), "w") as file:
        file.write(text)

# Made-up words, others for each idea: the lab turns away what says the same.
def words(name, count=7):
    dice = random.Random(name)
    return " ".join("".join(dice.choice("bdgklmnprst") + dice.choice("aeiou") for _ in range(4)) for _ in range(count))

if role == "ideator":
    known = [name for folder in ("1_ideas", "1_ideas/rejected") if os.path.isdir(folder) for name in os.listdir(folder)]
    wanted = [edit for edit in edits if not any(name.endswith("_" + edit["slug"] + ".md") for name in known)]
    for edit in wanted[:8]:
        name = edit["slug"]
        hand_in(name + ".md", f"""---
slug: {name}
title: {name.replace("-", " ")} {words(name, 4)}
category: {edit["category"]}
expected: -0.001 val_bpb
refuted_by: no change beyond the noise
cost_minutes: 1
---

## Hypothesis

It lowers {words(name + "h")}.

## Mechanism

{words(name + "m")}

## Change

{words(name + "c")}

## Test plan

One run.
""")
elif role == "critic":
    for name in os.listdir(inbox):
        hand_in(name, f"---\\nrating: 6\\n---\\n\\nWorth a run: {words(name)}.\\n")
elif role == "implementer":
    edit = next(one for one in edits if one["slug"] == slug)
    path = "problem/train.py"
    text = open(path).read()
    if edit["times"] is None:
        changed = re.sub(edit["find"], edit["put"], text, count=1, flags=re.M)
    else:
        scale = lambda found: found[0].replace(found[1], f"{float(found[1]) * edit['times']:.6g}")
        changed = re.sub(edit["find"], scale, text, count=1, flags=re.M)
    if changed == text:
        hand_in("cannot.md", "the line is not there any more, or says so already\\n")
    else:
        open(path, "w").write(changed)
        hand_in("notes.md", "One edit.\\n")
elif role == "reviewer":
    hand_in("review.md", "---\\nverdict: approve\\nfindings: []\\n---\\n\\nIt does what it says.\\n")
elif role == "reporter":
    hand_in("report.md", "## What was changed\\n\\nOne line.\\n\\n## Inferences\\n\\nNone.\\n\\n## Claims\\n\\nNone.\\n\\n## What next\\n\\nThe next edit.\\n\\n## Journal\\n\\nOne edit more.\\n")
`;
