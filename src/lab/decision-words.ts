/** A decision as people read it: a keep never without what it rests on. Pure. */

/** "keep, provisional"; the word alone where it rests on nothing that needs saying (`evidence` is "": a discard, a crash, a refusal). */
export function nameDecision(word: string, evidence: string): string {
  return evidence === '' ? word : `${word}, ${evidence}`;
}
