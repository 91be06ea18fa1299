/** Labels of jobs that need no question and no hypothesis. The words Q: and H: are read where they are there (label.ts). Pure. */
import type { Label } from '../src/domain/label.ts';
import { parseLabel } from './label.ts';

/** Free text as a label: the text is the question, and there is no hypothesis. Null where the text is empty. */
export function parseFreeLabel(text: string, direction: 'lower' | 'higher'): Label | null {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line === '') return null;
  const isAsked = /(?:^|\s)(?:Q|why):\s*\S/i.test(line) && /(?:^|\s)(?:H|resolve):\s*\S/i.test(line);
  if (isAsked) return parseLabel(line, direction);
  return { text: line, question: line, hypothesis: '', expected: { kind: 'none' } };
}

/** Label of a job as the lab's `queue.labels` wants it; a ratchet run has the one line that its row has. Throws LabError (usage) as parseLabel does where Q and H are required. */
export function parseJobLabel(
  text: string,
  asked: { kind: string; labels: 'required' | 'optional'; direction: 'lower' | 'higher' },
): Label | null {
  return asked.kind === 'ratchet' || (asked.labels === 'optional' && asked.kind === 'task')
    ? parseFreeLabel(text, asked.direction)
    : parseLabel(text, asked.direction);
}
