/** What seldom changes and is asked for all the time, by the table that it is read from. */
export type CachedTable = 'profile' | 'network' | 'pool' | 'image' | 'server_config';

const cachedTables: readonly CachedTable[] = ['profile', 'network', 'pool', 'image', 'server_config'];

/** Answers kept a table; a client can ask for as many names as it likes. */
const mostAnswers = 1000;

interface Kept {
  /** Rises with every change of the table. */
  generation: number;
  answers: Map<string, unknown>;
}

/**
 * Answers of the database, kept until their table changes.
 *
 * INVARIANTS: an answer is kept only if its table did not change between question and answer. While nobody tells of the
 * changes that other daemons make, nothing is kept and every question goes to the database.
 */
export class Cache {
  readonly #tables = new Map<CachedTable, Kept>(cachedTables.map((table) => [table, { generation: 0, answers: new Map() }]));
  #told = false;

  /** The kept answer to `question`, or that of `ask`. The caller's to change: it gets a copy. */
  async answer<T>(table: CachedTable, question: string, ask: () => Promise<T>): Promise<T> {
    const kept = this.#kept(table);
    if (!this.#told) return ask();
    const known = kept.answers.get(question);
    if (known !== undefined) return structuredClone(known) as T;
    const { generation } = kept;
    const answer = await ask();
    if (kept.generation !== generation || !this.#told) return answer;
    if (kept.answers.size >= mostAnswers) kept.answers.clear();
    kept.answers.set(question, structuredClone(answer));
    return answer;
  }

  /** After a change, whether or not it is known to have taken effect. */
  changed(table: CachedTable): void {
    const kept = this.#kept(table);
    kept.generation++;
    kept.answers.clear();
  }

  /** From now on `heard` is called for every change that anybody commits. */
  listening(): void {
    this.#forgetAll();
    this.#told = true;
  }

  /** Changes of others may be missed from now on. */
  deaf(): void {
    this.#told = false;
    this.#forgetAll();
  }

  /** Somebody committed a change of this table. */
  heard(table: string): void {
    if (cachedTables.some((known) => known === table)) this.changed(table as CachedTable);
  }

  #forgetAll(): void {
    for (const table of cachedTables) this.changed(table);
  }

  #kept(table: CachedTable): Kept {
    return this.#tables.get(table) as Kept;
  }
}
