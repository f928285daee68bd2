/** What a template may take. Images come from strangers: their templates end soon, and fill no memory. */
export const limits = {
  /** Characters of the template. */
  source: 128 * 1024,
  /** Characters of what is made of it, and of all text that is made on the way. */
  output: 128 * 1024,
  /** Nodes and expressions that are evaluated, and every `charactersAStep` characters or elements that are gone through. */
  steps: 100_000,
  charactersAStep: 64,
  /** Tags in tags, and expressions in expressions. */
  depth: 40,
  /** Words of one tag: what is chained in it is evaluated on the stack. */
  tokens: 500,
} as const;

/** Characters; so no more bytes of a file need be looked at. */
export const templateLimit = limits.source;

/** A template that is wrong, or does more than it may. */
export class TemplateError extends Error {
  override name = 'TemplateError';

  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}
