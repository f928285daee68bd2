import type { InstanceRow, ProfileRow, Store } from '#lib/store';
import { expand, type Expanded } from './expand.ts';

/** The part of an instance that its expansion is made of. */
export type ExpandedFrom = Pick<InstanceRow, 'project' | 'profiles' | 'config' | 'devices'> & Partial<Pick<InstanceRow, 'volatile'>>;

/** What instances get from their profiles. Everybody who needs the expansion of an instance asks here. */
export class Expansion {
  readonly #store: Pick<Store, 'profiles'>;

  /** The store of a transaction answers as that transaction sees the profiles. */
  constructor(store: Pick<Store, 'profiles'>) {
    this.#store = store;
  }

  async of(row: ExpandedFrom): Promise<Expanded> {
    return expand(await this.#store.profiles.many(row.project, row.profiles), row);
  }

  /** Of many at once, in their order: each project's profiles are read one time. */
  async ofAll<R extends ExpandedFrom>(rows: readonly R[]): Promise<{ row: R; expanded: Expanded }[]> {
    const projects = [...new Set(rows.map((row) => row.project))];
    return expandAll(rows, (await Promise.all(projects.map((project) => this.#store.profiles.list(project)))).flat());
  }
}

/** `profiles`: all that the rows may name, of all their projects. */
export function expandAll<R extends ExpandedFrom>(rows: readonly R[], profiles: readonly ProfileRow[]): { row: R; expanded: Expanded }[] {
  const key = (project: string, name: string) => `${project}/${name}`;
  const known = new Map(profiles.map((profile) => [key(profile.project, profile.name), profile]));
  return rows.map((row) => ({
    row,
    expanded: expand(
      row.profiles.flatMap((name) => known.get(key(row.project, name)) ?? []),
      row,
    ),
  }));
}
