/** The part of danfojs-node that the lab uses. Its own types need those of tensorflow and of a browser, which the lab does not have. */
declare module 'danfojs-node' {
  /** What is computed of a column in each group. */
  type Aggregate = 'sum' | 'count' | 'mean' | 'min' | 'max';

  /** A table by columns. */
  export class DataFrame {
    constructor(rows: Record<string, string | number>[]);
    readonly columns: string[];
    /** Row by row, in the order of `columns`. */
    readonly values: (string | number)[][];
    readonly shape: [number, number];
    sortValues(column: string, options?: { ascending?: boolean }): DataFrame;
    head(rows: number): DataFrame;
    groupby(columns: string[]): { agg(operations: Record<string, Aggregate | Aggregate[]>): DataFrame };
  }
}
