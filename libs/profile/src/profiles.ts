import type { DeviceMap, StringMap } from '#lib/base';
import { type LifecycleAction, LxError, refuse, urls, withoutEmpty } from '#lib/contract';
import type { EventHub, Requestor } from '#lib/engine';
import { type InstanceRow, type ProfileRow, RowConflict, type Store } from '#lib/store';

/** What only the instances know about profiles. */
export interface ProfileRules {
  /** Every problem of a profile's keys and devices. */
  problems(config: StringMap, devices: DeviceMap): string[] | Promise<string[]>;
  /** Tells the instances that use the profile that it changed. The profile stays changed when this rejects. */
  changed(project: string, name: string): Promise<void>;
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
    const content = await this.#checked(request, nameProblems(request.name));
    try {
      await this.#store.profiles.insert({ project, name: request.name, ...content });
    } catch (error) {
      throw error instanceof RowConflict ? new LxError('profile.exists', { name: request.name }, { cause: error }) : error;
    }
    this.#tell('profile-created', project, request.name, requestor);
  }

  async replace(change: ProfileChange, request: ProfileContent): Promise<void> {
    const row = await this.get(change.project, change.name);
    change.expect(row);
    await this.#store.profiles.update(row.id, await this.#checked(request, []));
    this.#tell('profile-updated', change.project, change.name, change.requestor);
    await this.#rules.changed(change.project, change.name);
  }

  async merge(change: ProfileChange, request: Partial<ProfileContent>): Promise<void> {
    const row = await this.get(change.project, change.name);
    await this.replace(change, {
      description: request.description ?? row.description,
      config: { ...row.config, ...request.config },
      devices: { ...row.devices, ...request.devices },
    });
  }

  async rename(project: string, name: string, newName: string, requestor: Requestor): Promise<void> {
    if (name === 'default') throw new LxError('profile.default_rename');
    refuse(nameProblems(newName));
    await this.#store.tx(async (store) => {
      const row = await store.profiles.get(project, name);
      if (!row) throw new LxError('profile.not_found');
      if (await store.profiles.get(project, newName)) throw new LxError('profile.name_in_use', { name: newName });
      await store.profiles.update(row.id, { name: newName });
      for (const instance of await store.instances.usingProfile(project, name)) {
        await store.instances.update(instance.id, { profiles: instance.profiles.map((used) => (used === name ? newName : used)) });
      }
    });
    this.#tell('profile-renamed', project, newName, requestor, { old_name: name });
  }

  async delete(project: string, name: string, requestor: Requestor): Promise<void> {
    if (name === 'default') throw new LxError('profile.default_delete');
    await this.#store.tx(async (store) => {
      const row = await store.profiles.get(project, name);
      if (!row) throw new LxError('profile.not_found');
      if ((await store.instances.usingProfile(project, name)).length > 0) throw new LxError('profile.in_use');
      await store.profiles.delete(row.id);
    });
    this.#tell('profile-deleted', project, name, requestor);
  }

  async #checked(request: ProfileContent, problems: string[]): Promise<ProfileContent> {
    const content = { description: request.description, config: withoutEmpty(request.config), devices: request.devices };
    refuse([...problems, ...(await this.#rules.problems(content.config, content.devices))]);
    return content;
  }

  #tell(action: LifecycleAction, project: string, name: string, requestor: Requestor, context?: Record<string, unknown>): void {
    const source = urls.profile(name, project);
    this.#events.lifecycle(project, { action, source, requestor, ...(context ? { context } : {}) });
  }
}

/** Names end up in URLs and in lists with commas. */
function nameProblems(name: string): string[] {
  if (name === '') return ['No name provided'];
  if (name.length > 100) return ['Profile names may not be longer than 100 characters'];
  if (name.includes('/')) return ['Profile names may not contain slashes'];
  if (name === '.' || name === '..' || /[\s,\p{Cc}]/u.test(name)) return [`Invalid profile name ${JSON.stringify(name)}`];
  return [];
}
