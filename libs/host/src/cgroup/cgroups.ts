import { createHash } from 'node:crypto';
import { readFile, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError, refuse } from '#lib/contract';
import { isErrno } from '../errno.ts';
import { readControl, readControls, writeControl } from './files.ts';
import { breakGround, parentOf } from './ground.ts';
import { readHierarchies } from './hierarchy.ts';
import { disksIn, ioFiles } from './io.ts';
import { settingsOf, unenforceable } from './limits.ts';
import { cpuV1, cpuV2, memoryV1, memoryV2, noUsage, processes } from './usage.ts';
import { type Freezer, killBelow, removeEmptied, setFrozen } from './processes.ts';
import type { CgroupPlan } from '../launch-plan.ts';
import type { CgroupLimits, CgroupUsage, Cgroups, IoLimit } from '../ports.ts';
import type { Ground } from './ground.ts';
import type { Setting } from './limits.ts';
import type { UsageSource } from './usage.ts';

export interface CgroupOptions {
  /** Where hierarchies are looked for: /sys/fs/cgroup. */
  root?: string;
  mountinfo?: string;
  /** The server's own directory in each hierarchy, a path relative to its top: `cgroupName(stateDir)`. */
  name: string;
  /** Reads many files in one trip; null where one is missing. */
  readFiles?: (paths: readonly string[]) => Promise<(string | null)[]>;
  /** How long to wait for a freeze, a thaw or the end of killed processes. */
  timeoutMs?: number;
  kill?: (pid: number, signal: NodeJS.Signals) => void;
}

/** One directory a daemon: several with different state directories share a host. */
export function cgroupName(stateDir: string): string {
  return `lxctl-${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`;
}

/**
 * Every controller by the version the host serves it with. Freezing, killing and "is anyone left" are core features of a
 * cgroup2 mount, with or without controllers, and preferred: a task frozen by the v1 freezer cannot even be killed.
 */
export class HostCgroups implements Cgroups {
  readonly #options: Required<CgroupOptions>;
  #ground: Ground | null = null;

  constructor(options: CgroupOptions) {
    this.#options = {
      root: '/sys/fs/cgroup',
      mountinfo: '/proc/self/mountinfo',
      readFiles: readControls,
      timeoutMs: 10_000,
      kill: (pid, signal) => process.kill(pid, signal),
      ...options,
    };
  }

  async prepare(): Promise<void> {
    const { mountinfo, root, name } = this.#options;
    this.#ground = await breakGround(readHierarchies(await readFile(mountinfo, 'utf8'), root), name);
  }

  get backends(): Cgroups['backends'] {
    const { unified, v1, limits } = this.#prepared();
    return { ...limits.backends, freezer: unified ? 'v2' : v1.has('freezer') ? 'v1' : 'none' };
  }

  plan(id: string, limits: CgroupLimits): CgroupPlan {
    const ground = this.#prepared();
    refuse(this.problems(limits));
    const unified = this.#unified(id);
    const v1 = this.#v1(id);
    return {
      create: [...(unified ? [{ path: unified, delegate: true }] : []), ...v1.map((path) => ({ path, delegate: false }))],
      write: settingsOf(limits, ground.limits, 'birth').map((setting) => ({ path: this.#pathOf(id, setting), value: setting.value })),
      cloneInto: unified,
      join: v1,
      remove: [...(unified ? [unified] : []), ...v1],
    };
  }

  problems(limits: CgroupLimits): string[] {
    return unenforceable(limits, this.#prepared().limits);
  }

  async apply(id: string, limits: CgroupLimits): Promise<void> {
    const { limits: host } = this.#prepared();
    refuse(this.problems(limits));
    const whole = { ...limits, io: [...(await this.#liftedDisks(id, limits)), ...(limits.io ?? [])] };
    for (const setting of await this.#ordered(id, settingsOf(whole, host, 'change'))) {
      await writeControl(this.#pathOf(id, setting), setting.value).catch((error: unknown) => {
        // An older server has started it, without this controller.
        if (setting.asked || !isErrno(error, 'ENOENT')) throw error;
      });
    }
  }

  async usage(id: string): Promise<CgroupUsage> {
    const sources = this.#usageSources(id);
    const paths = sources.flatMap(({ source, directory }) => Object.values(source.files).map((file) => join(directory, file)));
    const texts = await this.#options.readFiles(paths);
    const byPath = new Map(paths.map((path, position) => [path, texts[position]]));
    const parts = sources.map(({ source, directory }) => source.reckon((name) => byPath.get(join(directory, source.files[name] ?? ''))));
    return Object.assign({ ...noUsage }, ...parts) as CgroupUsage;
  }

  freeze(id: string): Promise<void> {
    return setFrozen(this.#freezer(id), true, this.#options.timeoutMs);
  }

  unfreeze(id: string): Promise<void> {
    return setFrozen(this.#freezer(id), false, this.#options.timeoutMs);
  }

  async frozen(id: string): Promise<boolean> {
    const { directory, version } = this.#freezer(id);
    if (version === 'v1') return (await readControl(join(directory, 'freezer.state')))?.trim() === 'FROZEN';
    return /^frozen 1$/m.test((await readControl(join(directory, 'cgroup.events'))) ?? '');
  }

  async sweep(id: string): Promise<void> {
    const unified = this.#unified(id);
    const v1 = this.#v1(id);
    const lists = await this.#options.readFiles([...(unified ? [unified] : []), ...v1].map((directory) => join(directory, 'cgroup.procs')));
    // As a rule the keeper has removed everything.
    if (lists.every((list) => list === null)) return;
    if (!unified && this.#prepared().v1.has('freezer')) await this.unfreeze(id);
    await killBelow(unified, v1, this.#options);
    for (const directory of [...(unified ? [unified] : []), ...v1]) await removeEmptied(directory, this.#options.timeoutMs);
  }

  async list(): Promise<string[]> {
    const { unified, v1 } = this.#prepared();
    const parents = [...(unified ? [unified] : []), ...v1.values()];
    const entries = await Promise.all(parents.map((parent) => readdir(parent, { withFileTypes: true })));
    return [
      ...new Set(
        entries
          .flat()
          .filter((entry) => entry.isDirectory())
          .map((entry) => entry.name),
      ),
    ].sort();
  }

  async retire(): Promise<void> {
    const { unified, v1 } = this.#prepared();
    for (const directory of new Set([...(unified ? [unified] : []), ...v1.values()])) {
      await rmdir(directory).catch((error: unknown) => {
        if (!isErrno(error, 'ENOENT', 'EBUSY', 'ENOTEMPTY')) throw error;
      });
    }
  }

  #prepared(): Ground {
    if (!this.#ground) throw new Error('Cgroups.prepare() has not been called');
    return this.#ground;
  }

  #unified(id: string): string | null {
    const { unified } = this.#prepared();
    return unified && join(unified, id);
  }

  #v1(id: string): string[] {
    return [...new Set(this.#prepared().v1.values())].map((parent) => join(parent, id));
  }

  #pathOf(id: string, { controller, file }: Pick<Setting, 'controller' | 'file'>): string {
    return join(parentOf(this.#prepared(), controller), id, file);
  }

  #freezer(id: string): Freezer {
    const unified = this.#unified(id);
    if (unified) return { directory: unified, version: 'v2' };
    const parent = this.#prepared().v1.get('freezer');
    if (!parent) throw new LxError('request.invalid', { problems: ['Cannot freeze: the host has neither cgroup2 nor the v1 freezer'] });
    return { directory: join(parent, id), version: 'v1' };
  }

  #usageSources(id: string): { source: UsageSource; directory: string }[] {
    const { unified, v1, limits } = this.#prepared();
    const at = (source: UsageSource, parent: string | null | undefined) => (parent ? [{ source, directory: join(parent, id) }] : []);
    return [
      ...(unified ? at(cpuV2, unified) : at(cpuV1, v1.get('cpuacct'))),
      ...(limits.backends.memory === 'v2' ? at(memoryV2, unified) : at(memoryV1, v1.get('memory'))),
      ...at(processes, limits.backends.pids === 'v2' ? unified : v1.get('pids')),
    ];
  }

  /** Disks that the instance has limits for and shall have none. */
  async #liftedDisks(id: string, { io = [] }: CgroupLimits): Promise<IoLimit[]> {
    const backend = this.#prepared().limits.backends.io;
    if (backend === 'none') return [];
    const texts = await this.#options.readFiles(ioFiles[backend].map((file) => this.#pathOf(id, { controller: 'io', file })));
    const limited = new Set(texts.flatMap((text) => disksIn(text ?? '')));
    return [...limited].filter((disk) => !io.some((limit) => limit.disk === disk)).map((disk) => ({ disk }));
  }

  /** v1 keeps memory <= memory + swap at every moment: when memory grows past the old sum, the sum goes first. */
  async #ordered(id: string, settings: Setting[]): Promise<Setting[]> {
    const sum = settings.find(({ file }) => file === 'memory.memsw.limit_in_bytes');
    const memory = settings.find(({ file }) => file === 'memory.limit_in_bytes');
    if (!sum || !memory) return settings;
    const before = Number((await readControl(this.#pathOf(id, sum))) ?? 0);
    const grows = memory.value === '-1' || Number(memory.value) > before;
    return grows ? [sum, ...settings.filter((setting) => setting !== sum)] : settings;
  }
}
