import { limits, TemplateError } from './limits.ts';
import type { Token } from './lexer.ts';

/** Walks the tokens of one tag or output. */
export class TokenReader {
  #at = 0;
  #depth = 0;
  readonly #tokens: readonly Token[];

  constructor(
    tokens: readonly Token[],
    readonly line: number,
  ) {
    this.#tokens = tokens;
  }

  get lineNow(): number {
    return this.#tokens[this.#at]?.line ?? this.line;
  }

  peek(kind: Token['kind'], ...texts: string[]): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === kind && (texts.length === 0 || texts.includes(token.text));
  }

  /** The text of the next token when it is such a one. */
  take(kind: Token['kind'], ...texts: string[]): string | null {
    if (!this.peek(kind, ...texts)) return null;
    return this.#tokens[this.#at++]?.text ?? null;
  }

  need(kind: Token['kind'], ...texts: string[]): string {
    const taken = this.take(kind, ...texts);
    if (taken !== null) return taken;
    throw this.fail(`${texts.length > 0 ? JSON.stringify(texts[0]) : `a ${kind}`} is expected, not ${this.#next()}`);
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** The name that a value is given next, as in `name=value`. */
  assignment(): string | null {
    const [name, equals] = [this.#tokens[this.#at], this.#tokens[this.#at + 1]];
    if (name?.kind !== 'name' || equals?.kind !== 'symbol' || equals.text !== '=') return null;
    this.#at += 2;
    return name.text;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.fail(`unexpected ${this.#next()}`);
  }

  fail(message: string): TemplateError {
    return new TemplateError(message, this.lineNow);
  }

  /** Keeps what nests within bounds. */
  nested<T>(work: () => T): T {
    if (++this.#depth > limits.depth) throw this.fail('expressions are nested too deeply');
    try {
      return work();
    } finally {
      this.#depth--;
    }
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    return token ? JSON.stringify(token.text) : 'the end of the tag';
  }
}
