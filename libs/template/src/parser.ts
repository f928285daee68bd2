import { parseExpression } from './expression.ts';
import { type Piece, pieces } from './lexer.ts';
import { limits, TemplateError } from './limits.ts';
import type { Scope } from './scope.ts';
import { type TagParser, tags } from './tags.ts';
import { TokenReader } from './token-reader.ts';
import { textOf } from './values.ts';

/** A part of a template, ready to write itself. */
export type Node = (scope: Scope) => void;

/** Reads a template: what is unknown in it is told before anything is written. */
export function parse(source: string): Node {
  return new Parser(pieces(source)).whole();
}

class Parser implements TagParser {
  readonly #pieces: readonly Piece[];
  #at = 0;
  #depth = 0;

  constructor(cut: readonly Piece[]) {
    this.#pieces = cut;
  }

  whole(): Node {
    return this.#body([]).body;
  }

  until(...names: string[]): { body: Node; name: string; reader: TokenReader } {
    const { body, end } = this.#body(names);
    if (end !== null) return { body, ...end };
    throw new TemplateError(`the tag ${JSON.stringify(names.at(-1))} is missing`, this.#pieces.at(-1)?.line ?? 1);
  }

  #body(ends: readonly string[]): { body: Node; end: { name: string; reader: TokenReader } | null } {
    const nodes: Node[] = [];
    const body: Node = (scope) => {
      for (const node of nodes) node(scope);
    };
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      if (piece.kind === 'plain') nodes.push(plain(piece.text, piece.line));
      else {
        const reader = new TokenReader(piece.tokens, piece.line);
        if (piece.kind === 'output') nodes.push(output(reader));
        else {
          const name = reader.need('name');
          if (ends.includes(name)) return { body, end: { name, reader } };
          nodes.push(this.#tag(name, reader));
        }
      }
    }
    return { body, end: null };
  }

  #tag(name: string, reader: TokenReader): Node {
    if (name === 'comment') return this.#comment(reader);
    const tag = tags.get(name);
    if (!tag) throw reader.fail(`unknown tag ${JSON.stringify(name)}`);
    if (++this.#depth > limits.depth) throw reader.fail('tags are nested too deeply');
    const node = tag(reader, this);
    this.#depth--;
    return node;
  }

  /** What is in it is cut up, but need not mean anything. */
  #comment(reader: TokenReader): Node {
    for (let piece = this.#next(); piece !== undefined; piece = this.#next())
      if (piece.kind === 'tag' && piece.tokens[0]?.text === 'endcomment') return () => undefined;
    throw reader.fail('the tag "endcomment" is missing');
  }

  #next(): Piece | undefined {
    return this.#pieces[this.#at++];
  }
}

function plain(text: string, line: number): Node {
  return (scope) => {
    scope.write(text, line);
  };
}

function output(reader: TokenReader): Node {
  const { line } = reader;
  const value = parseExpression(reader);
  reader.end();
  return (scope) => {
    scope.write(textOf(value(scope), line), line);
  };
}
