import type { DeviceMap, StringMap } from '#lib/base';
import { type LifecycleAction, LxError, refuse, urls, withoutEmpty } from '#lib/contract';
import type { EventHub, Requestor } from '#lib/engine';
import type { Expanded } from './expand.ts';
import { expandAll } from './expansion.ts';
import { type InstanceRow, type ProfileRow, RowConflict, type Store } from '#lib/store';

/** What only the instances know about profiles. */
export interface ProfileRules {
  /** Every problem of a profile's keys and devices: by themselves, and against what exists in this store. */
  problems(content: ProfileContent, project: string, store: Store): Promise<string[]>;
  /** Problems that a user of the profile would have; none that it has already. LxError 'profile.root_in_use'. */
  userProblems(user: ProfileUser): string[];
  /** Writes what follows from the change for a user of the profile; in the transaction that changes it. */
  written(store: Store, user: ProfileUser): Promise<void>;
  /** Puts what changed into force, where the instance runs. */
  apply(row: InstanceRow): Promise<void>;
}

/** An instance that uses a profile, as it is and as a change of the profile would make it. */
export interface ProfileUser {
  row: InstanceRow;
  before: Expanded;
  after: Expanded;
}

/** What a client says of a profile besides its name. */
export interface ProfileContent {
  description: string;
  config: StringMap;
  devices: DeviceMap;
}

export interface ProfileChange {
  project: string;
  name: string;
  /** Throws when the row is not what the client has seen (If-Match). */
  expect: (row: ProfileRow) => void;
  requestor: Requestor;
}

/** Profiles: named sets of keys and devices that instances build on. */
export class Profiles {
  readonly #store: Store;
  readonly #events: EventHub;
  readonly #rules: ProfileRules;

  constructor(store: Store, events: EventHub, rules: ProfileRules) {
    this.#store = store;
    this.#events = events;
    this.#rules = rules;
  }

  list(project: string): Promise<ProfileRow[]> {
    return this.#store.profiles.list(project);
  }

  /** LxError 'profile.not_found'. */
  async get(project: string, name: string): Promise<ProfileRow> {
    const row = await this.#store.profiles.get(project, name);
    if (!row) throw new LxError('profile.not_found');
    return row;
  }

  users(project: string, name: string): Promise<InstanceRow[]> {
    return this.#store.instances.usingProfile(project, name);
  }

  allUsers(project: string): Promise<InstanceRow[]> {
    return this.#store.instances.list(project);
  }

  async create(project: string, request: ProfileContent & { name: string }, requestor: Requestor): Promise<void> {
    const content = await this.#checked(request, project, this.#store, nameProblems(request.name));
    await this.#store.profiles.insert({ project, name: request.name, ...content }).catch(refused(request.name));
    this.#tell('profile-created', project, request.name, requestor);
  }

  async replace(change: ProfileChange, request: ProfileContent): Promise<void> {
    await this.#change(change, () => request);
  }

  async merge(change: ProfileChange, request: Partial<ProfileContent>): Promise<void> {
    await this.#change(change, (row) => ({
      description: request.description ?? row.description,
      config: { ...row.config, ...request.config },
      devices: { ...row.devices, ...request.devices },
    }));
  }

  async rename(project: string, name: string, newName: string, requestor: Requestor): Promise<void> {
    if (name === 'default') throw new LxError('profile.default_rename');
    refuse(nameProblems(newName));
    await this.#store.tx(async (store) => {
      const row = await lock(store, project, name);
      if (await store.profiles.get(project, newName)) throw new LxError('profile.name_in_use', { name: newName });
      await store.profiles.update(row.id, { name: newName }).catch((error: unknown) => {
        throw error instanceof RowConflict ? new LxError('profile.name_in_use', { name: newName }, { cause: error }) : error;
      });
    });
    this.#tell('profile-renamed', project, newName, requestor, { old_name: name });
  }

  async delete(project: string, name: string, requestor: Requestor): Promise<void> {
    if (name === 'default') throw new LxError('profile.default_delete');
    await this.#store.tx(async (store) => {
      const row = await lock(store, project, name);
      await store.profiles.delete(row.id).catch((error: unknown) => {
        throw error instanceof RowConflict ? new LxError('profile.in_use', undefined, { cause: error }) : error;
      });
    });
    this.#tell('profile-deleted', project, name, requestor);
  }

  /** Read, checked against every user and written in one transaction; then put into force. */
  async #change({ project, name, expect, requestor }: ProfileChange, made: (row: ProfileRow) => ProfileContent): Promise<void> {
    const users = await this.#store.tx(async (store) => {
      const row = await lock(store, project, name);
      expect(row);
      const content = await this.#checked(made(row), project, store, []);
      const using = await store.instances.usingProfile(project, name);
      const users = using.length > 0 ? usersOf(using, await store.profiles.list(project), { ...row, ...content }) : [];
      refuse(this.#userProblems(users));
      await store.profiles.update(row.id, content).catch(refused(name));
      for (const user of users) await this.#rules.written(store, user);
      return using;
    });
    this.#tell('profile-updated', project, name, requestor);
    await this.#apply(users);
  }

  #userProblems(users: readonly ProfileUser[]): string[] {
    return users.flatMap((user) => this.#rules.userProblems(user).map((problem) => `Instance "${user.row.name}": ${problem}`));
  }

  /** The change is saved, whatever comes of this: LxError 'profile.not_applied' names the instances that run on without it. */
  async #apply(users: readonly InstanceRow[]): Promise<void> {
    const failures: { project: string; name: string; reason: string }[] = [];
    for (const row of users) {
      await this.#rules.apply(row).catch((error: unknown) => {
        failures.push({ project: row.project, name: row.name, reason: error instanceof Error ? error.message : String(error) });
      });
    }
    if (failures.length > 0) throw new LxError('profile.not_applied', { failures });
  }

  async #checked(request: ProfileContent, project: string, store: Store, problems: string[]): Promise<ProfileContent> {
    const content = { description: request.description, config: withoutEmpty(request.config), devices: request.devices };
    refuse([...problems, ...(await this.#rules.problems(content, project, store))]);
    return content;
  }

  #tell(action: LifecycleAction, project: string, name: string, requestor: Requestor, context?: Record<string, unknown>): void {
    const source = urls.profile(name, project);
    this.#events.lifecycle(project, { action, source, requestor, ...(context ? { context } : {}) });
  }
}

/** The users of a profile, as they are and as they will be with it changed. */
function usersOf(users: readonly InstanceRow[], profiles: readonly ProfileRow[], changed: ProfileRow): ProfileUser[] {
  const before = expandAll(users, profiles);
  const after = expandAll(
    users,
    profiles.map((profile) => (profile.id === changed.id ? changed : profile)),
  );
  return users.flatMap((row, at) => {
    const [one, other] = [before[at]?.expanded, after[at]?.expanded];
    return one && other ? [{ row, before: one, after: other }] : [];
  });
}

/** LxError 'profile.not_found'. */
async function lock(store: Store, project: string, name: string): Promise<ProfileRow> {
  const row = await store.profiles.lock(project, name);
  if (!row) throw new LxError('profile.not_found');
  return row;
}

/** What a profile's devices refer to, by the constraint that holds it. */
const referred: Record<string, string> = {
  profile_reference_network: 'network',
  profile_reference_pool: 'storage pool',
  profile_reference_volume: 'storage volume',
};

/** What the database refuses although it was in order a moment ago. */
function refused(name: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof RowConflict)) throw error;
    const what = referred[error.constraint];
    if (what) throw new LxError('instance.reference_gone', { what }, { cause: error });
    throw new LxError('profile.exists', { name }, { cause: error });
  };
}

/** As LXD has them, spaces and commas included, but for control characters, which would garble terminals and logs. */
function nameProblems(name: string): string[] {
  if (name === '') return ['No name provided'];
  // An index of Postgres holds less than 2704 bytes.
  if (name.length > 500) return ['Profile names may not be longer than 500 characters'];
  if (name.includes('/')) return ['Profile names may not contain slashes'];
  if (name === '.' || name === '..' || /\p{Cc}/u.test(name)) return [`Invalid profile name ${JSON.stringify(name)}`];
  return [];
}
