/** What an ideator hands in, as the lab writes it down. What goes wrong with ideas is in src/scenarios/idea-trouble.test.ts. */
import { afterEach, expect, test } from 'vitest';
import { createTemporaryLab, type TemporaryLab } from '../scenarios/temporary-lab.ts';

const script = `import os
outbox, inbox = os.environ["LAB_OUTBOX"], os.environ["LAB_INBOX"]
parts = {"Hypothesis": "It lowers the score.", "Mechanism": "m", "Change": "c", "Test plan": "One run."}
body = "".join(f"\\n## {name}\\n\\n{text}\\n" for name, text in parts.items())
if os.environ["LAB_ROLE"] == "ideator":
    front = "slug: one\\ntitle: One\\ncategory: architecture\\nexpected: -0.100 score\\nrefuted_by: no change"
    open(os.path.join(outbox, "one.md"), "w").write(f"---\\n{front}\\n---\\n{body}")
else:
    for name in os.listdir(inbox):
        open(os.path.join(outbox, name), "w").write("---\\nrating: 5\\n---\\n\\nSound enough.\\n")
`;

let lab: TemporaryLab;
afterEach(() => lab?.remove());

test('an idea has the day of the place where the lab is, also while it is another day in Greenwich', async () => {
  lab = await createTemporaryLab({
    files: { 'agent.py': script },
    local:
      'agents:\n  use: scripted\n  commands:\n    scripted: python3 {directory}/agent.py {promptFile}\nsandbox: off\n',
  });
  // Twelve hours behind it is yesterday until noon, fourteen ahead it is tomorrow from ten on; the sign in the name is the other way round.
  const now = new Date();
  const place = now.getUTCHours() < 11 ? { TZ: 'Etc/GMT+12', hours: -12 } : { TZ: 'Etc/GMT-14', hours: 14 };
  const day = new Date(now.getTime() + place.hours * 3_600_000).toISOString().slice(0, 10);
  expect(day).not.toBe(now.toISOString().slice(0, 10));
  const call = await lab.labIn(lab.root, ['ideate', '--until', '1'], { TZ: place.TZ });
  expect(call, call.stderr).toMatchObject({ code: 0 });
  expect(await lab.git('show', `main:1_ideas/${day}_one.md`)).toContain(`\ndate: ${day}\n`);
});
