import { limits, TemplateError } from './limits.ts';
import { lengthOf, type Value } from './values.ts';

/** What all scopes of a rendering have taken together. */
class Spent {
  steps = 0;
  characters = 0;
  readonly written: string[] = [];
}

/** The names that a place in a template sees, and the bounds that hold for the whole. */
export class Scope {
  readonly #names: Map<string, Value>;
  readonly #outer: Scope | null;
  readonly #spent: Spent;

  constructor(names: ReadonlyMap<string, Value>, outer: Scope | null = null) {
    this.#names = new Map(names);
    this.#outer = outer;
    this.#spent = outer === null ? new Spent() : outer.#spent;
  }

  inner(names: ReadonlyMap<string, Value>): Scope {
    return new Scope(names, this);
  }

  set(name: string, value: Value): void {
    this.#names.set(name, value);
  }

  /** A name that nobody has is nothing, as in LXD: images are made for servers that know more names. */
  get(name: string, line: number): Value {
    this.step(line);
    return this.#named(name) ?? null;
  }

  #named(name: string): Value | undefined {
    const value = this.#names.get(name);
    return value === undefined && this.#outer !== null ? this.#outer.#named(name) : value;
  }

  /** Counts a piece of work, and what it goes through. */
  step(line: number, ...through: readonly Value[]): void {
    this.#spent.steps++;
    for (const value of through) this.#spent.steps += lengthOf(value) / limits.charactersAStep;
    if (this.#spent.steps > limits.steps) throw this.fail('it does too much', line);
  }

  write(text: string, line: number): void {
    this.step(line);
    this.#spent.written.push(this.text(text, line));
  }

  get written(): string {
    return this.#spent.written.join('');
  }

  /** Counts text that was made. */
  text(made: string, line: number): string {
    this.#spent.characters += made.length;
    if (this.#spent.characters > limits.output) throw this.fail(`it makes more than ${limits.output} characters`, line);
    return made;
  }

  fail(message: string, line: number): TemplateError {
    return new TemplateError(message, line);
  }
}
