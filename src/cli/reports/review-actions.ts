/** What a verdict can set going besides being written down. The review loop takes these as a parameter; it offers only those that it is given. */

/** The verdicts that need somebody to act. Each runs before the verdict is recorded and resolves with what to tell the person; where it throws, no verdict is recorded. */
export interface ReviewActions {
  /** Has an agent answer a question about the experiment; the answer is in the report afterwards. */
  ask?: (slug: string, question: string) => Promise<string>;
  /** Lets the idea have another attempt, with a note for whoever builds it. */
  retry?: (slug: string, note: string) => Promise<string>;
}
