/**
 * What the scripted service does in each role of the lab, told from the prompt alone as a model would be: where the outbox is, which ideas
 * there are, where the worktree lies. The problem is the temporary lab's: train.py writes one number, lower is better.
 */
import { dirname, join } from 'node:path';
import type { Move } from './scripted-llm-tools.ts';

/** What a prompt of the lab asks for. */
export interface ScriptedTask {
  role: string;
  outbox: string;
  /** The worktree of implementer and reviewer; null in other roles. */
  directory: string | null;
  /** Slugs that a critic has to judge. */
  slugs: string[];
  /** The folder beside the outbox with the files that belong to the task. */
  inbox: string;
}

const path = '(/[^\\s,;]+)';

/** The task in a conversation; null where it is none of the lab's. */
export function findTask(text: string): ScriptedTask | null {
  const find = (pattern: string): string | null => new RegExp(pattern).exec(text)?.[1] ?? null;
  const role = find('# Your role: (\\w+)');
  const outbox = find(`What you hand in goes to:? ${path}`);
  if (role === null || outbox === null) return null;
  return {
    role,
    outbox,
    directory: find(`The worktree[^:\\n]*: ${path}`),
    slugs: find('Judge these ideas, each of them: ([^\\n]+)')?.split(/,\s*/) ?? [],
    inbox: join(dirname(outbox), 'inbox'),
  };
}

interface ScriptedIdea {
  slug: string;
  title: string;
  hypothesis: string;
  mechanism: string;
  change: string;
  rating: string;
}

/** The ideas of the scripted ideator, the better one first. */
export const scriptedIdeas: readonly ScriptedIdea[] = [
  {
    slug: 'half-number',
    title: 'Write one half in place of one',
    hypothesis: 'The score is the number that training writes, so that a smaller one lowers it.',
    mechanism: 'The scorer reads the model as a number and prints it as it stands.',
    change: 'The literal in train.py becomes one half.',
    rating: '8.5',
  },
  {
    slug: 'slow-warmup',
    title: 'Begin gently and grow the steps',
    hypothesis: 'Gradients of early updates point astray, hence patience pays.',
    mechanism: 'Averages of squares need some hundred samples before they settle.',
    change: 'A ramp multiplies the rate during the opening tenth.',
    rating: '3',
  },
];

function ideaText(idea: ScriptedIdea): string {
  return `---
slug: ${idea.slug}
title: ${idea.title}
category: architecture
expected: -0.500 score
refuted_by: no change of the score
cost_minutes: 1
---

## Hypothesis

${idea.hypothesis}

## Mechanism

${idea.mechanism}

## Change

${idea.change}

## Test plan

One run against the champion.
`;
}

const reportText = `## What was changed

The number that training writes.

## Inferences

The score follows the number.

## Claims

None.

## What next

Another number.

## Journal

Numbers matter.
`;

/** The moves of a role in their order. After the last one it has its final word. */
export function listMoves(task: ScriptedTask): Move[] {
  const handIn = (name: string, text: string): Move => ({ kind: 'write', path: join(task.outbox, name), text });
  // Proves that the shell works, that the variables of the lab are there, and that the lab can be read.
  const look: Move = { kind: 'shell', command: `test "$LAB_ROLE" = ${task.role} && cat lab.yaml && ls "$LAB_INBOX"` };
  switch (task.role) {
    case 'ideator':
      return [look, ...scriptedIdeas.map((idea, at) => handIn(`0${at + 1}-${idea.slug}.md`, ideaText(idea)))];
    case 'critic':
      return [
        look,
        ...task.slugs.map((slug) => {
          const rating = scriptedIdeas.find((idea) => idea.slug === slug)?.rating ?? '5';
          return handIn(
            `${slug}.md`,
            `---\nrating: ${rating}\nduplicate_of:\nknob_only: false\n---\n\nSound enough.\n`,
          );
        }),
      ];
    case 'implementer': {
      const file = join(task.directory ?? '', 'train.py');
      return [
        look,
        { kind: 'read', path: file },
        {
          kind: 'edit',
          path: file,
          from: 'open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write("1.0")',
          to: 'open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write("0.5")',
        },
        { kind: 'shell', command: 'git diff --stat && git log -1 --format=%s' },
        handIn('notes.md', 'Wrote another number.\n'),
      ];
    }
    case 'reviewer':
      return [
        look,
        { kind: 'read', path: join(task.inbox, 'diff.patch') },
        handIn('review.md', '---\nverdict: approve\nfindings: []\n---\n\nIt does what it says.\n'),
      ];
    default:
      return [look, { kind: 'read', path: join(task.inbox, 'record.json') }, handIn('report.md', reportText)];
  }
}
