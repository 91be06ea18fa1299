/** Makes a RecordedImplementation from what differs between them: the code, the reviewer's opinion and the parts of the prose. */
import type { Application, ProseParts, RecordedFinding, RecordedImplementation } from './implementation.ts';
import { composeProse } from './prose.ts';

/** What differs from one implementation to the next. */
export interface Definition {
  slug: string;
  apply(files: Record<string, string>, round: number): Application;
  /** The reviewer's opinion of the code that goes on to the smoke run. */
  opinion: string;
  /** Remarks that do not block. */
  remarks?: readonly Omit<RecordedFinding, 'severity'>[];
  prose: ProseParts;
}

/** An implementation whose reviewer approves in every round. */
export function defineImplementation(definition: Definition): RecordedImplementation {
  return {
    slug: definition.slug,
    apply: definition.apply,
    review: () => ({
      verdict: 'approve',
      findings: (definition.remarks ?? []).map((remark) => ({ severity: 'minor', ...remark })),
      text: definition.opinion,
    }),
    prose: (record) => composeProse(definition.prose, record),
  };
}
