/** The parts of Observable Plot that the lab uses. Its own types need those of a browser. */
declare module '@observablehq/plot' {
  /** Something that is drawn; made by the functions below, understood by plot alone. */
  interface Mark {
    readonly type?: string;
  }
  type Options = Record<string, unknown>;
  export function axisX(options: Options): Mark;
  export function axisY(options: Options): Mark;
  export function dot(data: readonly unknown[], options: Options): Mark;
  export function gridY(options: Options): Mark;
  export function line(data: readonly unknown[], options: Options): Mark;
  export function link(data: readonly unknown[], options: Options): Mark;
  export function ruleY(data: readonly unknown[], options?: Options): Mark;
  export function text(data: readonly unknown[], options: Options): Mark;
  /** Draws into the document given in the options. */
  export function plot(options: Options): { setAttribute(name: string, value: string): void; outerHTML: string };
}

/** The part of linkedom that the lab uses. */
declare module 'linkedom' {
  /** A document without a browser. */
  export function parseHTML(html: string): { document: unknown };
}
