import {
  isLxError,
  isTrue,
  LxError,
  problemsOf,
  refuse,
  type WireInstance,
  type WireInstanceFull,
  type WireInstanceState,
} from '#lib/contract';
import type { Operation, OperationSpec, Requestor } from '#lib/engine';
import type { JsonObject } from '#lib/base';
import type { Keeper } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import { prepareUpdate } from './change-request.ts';
import { type CreateRequest, prepareCreate } from './create-request.ts';
import type { InstanceDeps } from './deps.ts';
import { type Expanded, expand } from './expand.ts';
import { nameProblems } from './name.ts';
import { createOperation } from './operations/create.ts';
import { type DeleteParams, deleteOperation } from './operations/delete.ts';
import { freezeOperation, unfreezeOperation } from './operations/freeze.ts';
import { instanceLock, instanceResources } from './operations/names.ts';
import { renameOperation } from './operations/rename.ts';
import { restartOperation } from './operations/restart.ts';
import { startOperation } from './operations/start.ts';
import { stopOperation } from './operations/stop.ts';
import { type InstanceChange, updateOperation } from './operations/update.ts';
import { Runner, rootVolume } from './running.ts';
import { instanceState } from './state.ts';
import { Turns } from './turns.ts';
import { instanceView, type PowerState } from './view.ts';

export interface StateRequest {
  action: string;
  timeout: number;
  force: boolean;
}

/** Every operation kind of instances, made once: for registration, for `engine.start`, and for the fault tests. */
export function instanceOperations(deps: InstanceDeps, runner: Runner) {
  return {
    create: createOperation(deps, runner),
    update: updateOperation(deps),
    rename: renameOperation(deps),
    delete: deleteOperation(deps),
    start: startOperation(deps, runner),
    stop: stopOperation(deps, runner),
    restart: restartOperation(deps, runner),
    freeze: freezeOperation(deps),
    unfreeze: unfreezeOperation(deps),
  };
}

/** Instances as the API offers them: checks what is asked, then hands it to the engine. */
export class Instances {
  readonly runner: Runner;
  readonly turns = new Turns();
  readonly #deps: InstanceDeps;
  readonly #operations: ReturnType<typeof instanceOperations>;

  constructor(deps: InstanceDeps) {
    this.#deps = deps;
    this.runner = new Runner(deps);
    this.#operations = instanceOperations(deps, this.runner);
    for (const spec of Object.values(this.#operations)) deps.engine.register(spec as unknown as OperationSpec<JsonObject, JsonObject>);
  }

  // ---- reading

  async row(project: string, name: string): Promise<InstanceRow> {
    const row = await this.#deps.store.instances.get(project, name);
    if (!row) throw new LxError('instance.not_found');
    return row;
  }

  async views(project: string | null): Promise<WireInstance[]> {
    return (await this.#all(project)).map(({ row, expanded, power }) => instanceView(row, expanded, power));
  }

  /** With state, for recursion=2. All states are asked for side by side. */
  async fullViews(project: string | null): Promise<WireInstanceFull[]> {
    return Promise.all((await this.#all(project)).map((each) => this.#full(each)));
  }

  async view(row: InstanceRow): Promise<WireInstance> {
    const { expanded, power } = await this.#seen(row);
    return instanceView(row, expanded, power);
  }

  async fullView(row: InstanceRow): Promise<WireInstanceFull> {
    return this.#full({ row, ...(await this.#seen(row)) });
  }

  async state(project: string, name: string): Promise<WireInstanceState> {
    const row = await this.row(project, name);
    const { expanded, power } = await this.#seen(row);
    return instanceState(this.#deps, row, expanded, power);
  }

  async #seen(row: InstanceRow): Promise<{ expanded: Expanded; power: PowerState }> {
    const [expanded, power] = await Promise.all([this.runner.expanded(row), this.power(row)]);
    return { expanded, power };
  }

  async power(row: Pick<InstanceRow, 'id'>): Promise<PowerState> {
    if (!this.#deps.supervision.get(row.id)) return 'stopped';
    return (await this.#deps.cgroups.frozen(row.id)) ? 'frozen' : 'running';
  }

  /** The keeper of an instance that a command can run in. LxError 'instance.not_running' or 'instance.frozen'. */
  async ready(row: InstanceRow): Promise<Keeper> {
    const power = await this.power(row);
    if (power === 'frozen') throw new LxError('instance.frozen');
    const keeper = this.#deps.supervision.get(row.id);
    if (!keeper) throw new LxError('instance.not_running');
    return keeper;
  }

  async #all(project: string | null) {
    const rows = await this.#deps.store.instances.list(project);
    const profiles = new Map<string, Awaited<ReturnType<InstanceDeps['store']['profiles']['list']>>>();
    for (const each of new Set(rows.map((row) => row.project))) profiles.set(each, await this.#deps.store.profiles.list(each));
    return Promise.all(
      rows.map(async (row) => {
        const used = row.profiles.flatMap((name) => profiles.get(row.project)?.find((profile) => profile.name === name) ?? []);
        return { row, expanded: expand(used, row), power: await this.power(row) };
      }),
    );
  }

  async #full({ row, expanded, power }: { row: InstanceRow; expanded: Expanded; power: PowerState }): Promise<WireInstanceFull> {
    const view = instanceView(row, expanded, power);
    return { ...view, backups: null, snapshots: null, state: await instanceState(this.#deps, row, expanded, power) };
  }

  // ---- changing

  async create(project: string, request: CreateRequest, requestor?: Requestor): Promise<Operation> {
    const params = await prepareCreate(this.#deps, project, request);
    const operation = await this.#begin(this.#operations.create, params, params, requestor);
    this.#announce(operation, 'instance-created', params, requestor);
    if (params.start) this.#announce(operation, 'instance-started', params, requestor);
    void operation.done.then((view) =>
      params.image && view.status_code === 200 ? this.#noteUse(params.project, params.image) : undefined,
    );
    return operation;
  }

  /** The image's time of last use: after the end of the operation, which does not wait for it. */
  async #noteUse(project: string, fingerprint: string): Promise<void> {
    const { store, now, report } = this.#deps;
    await store.images
      .update(project, fingerprint, { lastUsedAt: now() })
      .catch((cause: unknown) => report('noting the use of an image', cause));
  }

  async setState(project: string, name: string, request: StateRequest, requestor?: Requestor): Promise<Operation> {
    const row = await this.row(project, name);
    const power = await this.power(row);
    const params = { id: row.id, name: row.name };
    const { timeout } = request;
    // No time to shut down means: at once, as in LXD.
    const force = request.force || timeout === 0;
    checkPower(request.action, power);
    switch (request.action) {
      case 'start':
        // What LXD's clients send to a frozen instance to let it go on.
        if (power === 'frozen') return this.#state(row, 'unfreeze', params, 'instance-resumed', requestor);
        return this.#state(row, 'start', params, 'instance-started', requestor);
      case 'stop': {
        const running = this.turns.running(row.id);
        if (force && running?.kind === 'instance.stop') return this.#hasten(row, running, requestor);
        const event = force ? 'instance-stopped' : 'instance-shutdown';
        const remove = row.ephemeral ? await this.#removal(row) : null;
        const operation = await this.#state(row, 'stop', { ...params, force, timeout, remove }, event, requestor);
        return remove ? this.#announce(operation, 'instance-deleted', row, requestor) : operation;
      }
      case 'restart':
        return this.#state(row, 'restart', { ...params, force, timeout }, 'instance-restarted', requestor);
      case 'freeze':
        return this.#state(row, 'freeze', params, 'instance-paused', requestor);
      case 'unfreeze':
        return this.#state(row, 'unfreeze', params, 'instance-resumed', requestor);
      default:
        throw new LxError('request.invalid', { problems: [`Unknown action: "${request.action}"`] });
    }
  }

  /** Checked against the profiles and devices it will have; devices of a running instance stay as they are. */
  async update(row: InstanceRow, change: InstanceChange, requestor?: Requestor): Promise<Operation> {
    const params = await prepareUpdate(this.#deps, row, change);
    const operation = await this.#begin(this.#operations.update, params, row, requestor);
    this.#announce(operation, 'instance-updated', row, requestor);
    return operation;
  }

  async rename(row: InstanceRow, newName: string, requestor?: Requestor): Promise<Operation> {
    refuse(nameProblems(newName));
    if (this.#deps.supervision.get(row.id)) throw new LxError('instance.running');
    if (await this.#deps.store.instances.get(row.project, newName)) throw new LxError('instance.name_in_use', { name: newName });
    const volume = { ...rootVolume(row, (await this.runner.expanded(row)).devices) };
    const operation = await this.#begin(
      this.#operations.rename,
      { id: row.id, project: row.project, name: row.name, newName, volume },
      row,
      requestor,
      { locks: [instanceLock(row), instanceLock({ project: row.project, name: newName })] },
    );
    this.#announce(operation, 'instance-renamed', { ...row, name: newName }, requestor, { old_name: row.name });
    return operation;
  }

  async delete(row: InstanceRow, requestor?: Requestor): Promise<Operation> {
    if (this.#deps.supervision.get(row.id)) throw new LxError('instance.running');
    const expanded = await this.runner.expanded(row);
    if (isTrue(expanded.config['security.protection.delete'])) throw new LxError('instance.protected');
    const operation = await this.#begin(this.#operations.delete, await this.#removal(row), row, requestor);
    this.#announce(operation, 'instance-deleted', row, requestor);
    return operation;
  }

  async #removal(row: InstanceRow): Promise<DeleteParams> {
    const { devices } = await this.runner.expanded(row);
    return { id: row.id, project: row.project, name: row.name, volume: { ...rootVolume(row, devices) } };
  }

  /** Deletes an ephemeral instance that has ended, once nothing runs on it. Nothing when it is gone or runs again. */
  async discard({ id, name }: Pick<InstanceRow, 'id' | 'name'>): Promise<void> {
    try {
      for (;;) {
        await this.turns.free(id);
        const row = await this.#deps.store.instances.byId(id);
        if (!row?.ephemeral || this.#deps.supervision.get(id)) return;
        const begun = await this.delete(row).catch((cause: unknown) => {
          // Somebody was quicker.
          if (isLxError(cause, 'instance.busy') && this.turns.running(id)) return null;
          throw cause;
        });
        const view = await begun?.done;
        if (view && view.status_code >= 400) throw new Error(view.err);
        if (view) return;
      }
    } catch (cause) {
      this.#deps.report(`deleting the ephemeral instance ${name}`, cause);
    }
  }

  #state(
    row: InstanceRow,
    action: 'start' | 'stop' | 'restart' | 'freeze' | 'unfreeze',
    params: JsonObject & { id: string; name: string; force?: boolean },
    event: Announced,
    requestor?: Requestor,
  ): Promise<Operation> {
    const spec = this.#operations[action] as unknown as OperationSpec<typeof params, JsonObject>;
    // A guest may take for ever to shut down: who waits for it may stop waiting.
    const mayCancel = params.force === false;
    return this.#begin(spec, params, row, requestor, { mayCancel }).then((operation) => this.#announce(operation, event, row, requestor));
  }

  /** A guest that is asked to shut down and does not: killed, which ends the operation that waits for it. */
  async #hasten(row: InstanceRow, graceful: Operation, requestor?: Requestor): Promise<Operation> {
    const run = async () => {
      await this.#deps.supervision.get(row.id)?.kill();
      await graceful.done;
      return {};
    };
    return this.#deps.engine.startLive(
      { kind: 'instance.stop', class: 'task', sockets: [], run },
      { project: row.project, resources: instanceResources(row.name), ...(requestor ? { requestor } : {}) },
    );
  }

  #begin<P extends JsonObject & { id: string }, S extends JsonObject>(
    spec: OperationSpec<P, S>,
    params: P,
    row: Pick<InstanceRow, 'project' | 'name'>,
    requestor?: Requestor,
    options?: { locks?: string[]; mayCancel?: boolean },
  ): Promise<Operation> {
    return this.turns.begin(params.id, () =>
      this.#deps.engine.start(spec, params, {
        project: row.project,
        resources: instanceResources(row.name),
        locks: [instanceLock(row)],
        ...options,
        ...(requestor ? { requestor } : {}),
      }),
    );
  }

  /** The lifecycle event, once the operation has succeeded. */
  #announce(
    operation: Operation,
    action: Announced,
    row: Pick<InstanceRow, 'project' | 'name'>,
    requestor?: Requestor,
    context?: Record<string, unknown>,
  ): Operation {
    void operation.done.then((view) => {
      if (view.status_code !== 200) return;
      this.#deps.engine.events.lifecycle(row.project, {
        action,
        source: `/1.0/instances/${row.name}`,
        ...(context ? { context } : {}),
        ...(requestor ? { requestor } : {}),
      });
    });
    return operation;
  }
}

/** Throws when an instance in that state cannot do it. */
function checkPower(action: string, power: PowerState): void {
  if (action === 'start' && power === 'running') throw new LxError('instance.already_running');
  if (action === 'stop' && power === 'stopped') throw new LxError('instance.already_stopped');
  if ((action === 'restart' || action === 'freeze') && power === 'stopped') throw new LxError('instance.not_running');
  refuse(
    problemsOf([
      [action === 'freeze' && power === 'frozen', 'The instance is already frozen'],
      [action === 'unfreeze' && power !== 'frozen', 'The instance is not frozen'],
    ]),
  );
}

type Announced = Parameters<InstanceDeps['engine']['events']['lifecycle']>[1]['action'];
