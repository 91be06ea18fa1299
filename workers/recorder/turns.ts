/** One after the other: work that must not run at the same time as other work of the same kind. Holds no lock outside this process. */

/** Does the work once everything that was asked for before has ended, well or not. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Creates a row of turns with nobody in it. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    // One that fails must not keep the next from its turn; whoever asked for it is told through `turn`.
    last = turn.catch(() => undefined);
    return turn;
  };
}
