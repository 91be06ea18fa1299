/**
 * The label of a job: a question and a hypothesis, and the change that the hypothesis expects. Pure text in, value out.
 * It does not know the lab's metric; whether an expectation came true is decided in stats/.
 */

/** What a hypothesis expects of the metric, as far as it says so in figures. */
export type Expectation =
  /** A signed change: "+0.05 f1", "saves 0.1 bpb" (-0.1). */
  | { kind: 'change'; amount: number; unit: string }
  /** A target value: "expect 0.93". */
  | { kind: 'value'; value: number; unit: string }
  /** A factor: "2x batch size", where the quantity is what grows. */
  | { kind: 'factor'; factor: number; quantity: string }
  /** No figure stated. */
  | { kind: 'none' };

/** The parsed label of a job. */
export interface Label {
  /** As given, one line. */
  text: string;
  question: string;
  hypothesis: string;
  expected: Expectation;
}
