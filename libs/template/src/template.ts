import { TemplateError } from './limits.ts';
import { type Node, parse } from './parser.ts';
import { Scope } from './scope.ts';
import type { Value } from './values.ts';

/** Throws what is wrong with a template before anything is known of its variables: `name` says in the error which one it is. */
export function checkTemplate(name: string, source: string): void {
  named(name, () => parse(source));
}

/** What a template makes of these variables. An error names the template and the line. */
export function renderTemplate(name: string, source: string, variables: ReadonlyMap<string, Value>): string {
  return named(name, () => {
    const node: Node = parse(source);
    const scope = new Scope(variables);
    node(scope);
    return scope.written;
  });
}

function named<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError(`Template ${JSON.stringify(name)}, line ${error.line}: ${error.message}`, error.line);
  }
}
