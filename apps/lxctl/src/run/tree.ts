import type { AnyVerb } from './verb.ts';

export interface Leaf {
  about: string;
  aliases: readonly string[];
  load: () => Promise<{ verb: AnyVerb }>;
}
export interface Group {
  about: string;
  verbs: Tree;
}
export type Tree = { readonly [word: string]: Leaf | Group };

export function leaf(about: string, load: Leaf['load'], ...aliases: string[]): Leaf {
  return { about, load, aliases };
}

export function isGroup(node: Leaf | Group): node is Group {
  return 'verbs' in node;
}

export interface Found {
  /** The words that led here, without aliases. */
  path: string[];
  node: Leaf | Group;
  rest: string[];
}

/** Walks the leading words; stops at the first that is no word of the tree. */
export function find(tree: Tree, words: readonly string[]): Found {
  let node: Leaf | Group = { about: '', verbs: tree };
  const path: string[] = [];
  let at = 0;
  while (isGroup(node) && at < words.length) {
    const word = words[at] ?? '';
    const next: [string, Leaf | Group] | undefined = Object.entries<Leaf | Group>(node.verbs).find(
      ([name, child]) => name === word || (!isGroup(child) && child.aliases.includes(word)),
    );
    if (!next) break;
    path.push(next[0]);
    node = next[1];
    at += 1;
  }
  return { path, node, rest: words.slice(at) };
}

/** Every verb, in the order of the tree. */
export function leaves(tree: Tree, path: readonly string[] = []): { path: string[]; node: Leaf }[] {
  return Object.entries<Leaf | Group>(tree).flatMap(([word, node]) =>
    isGroup(node) ? leaves(node.verbs, [...path, word]) : [{ path: [...path, word], node }],
  );
}
