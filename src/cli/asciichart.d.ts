/** The part of asciichart that the lab uses; the package ships no types. */
declare module 'asciichart' {
  /** How a chart is drawn. */
  interface PlotOptions {
    /** Rows. */
    height?: number;
    /** Text of a value on the axis. */
    format?: (value: number) => string;
  }
  /** Draws one or more series of equal length as text. */
  export function plot(series: number[] | number[][], options?: PlotOptions): string;
}
