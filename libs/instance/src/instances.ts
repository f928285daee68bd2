import { type DeviceMap, type StringMap } from '#lib/base';
import {
  instanceConfigProblems,
  LxError,
  problemsOf,
  refuse,
  type WireInstance,
  type WireInstanceFull,
  type WireInstanceState,
} from '#lib/contract';
import { deviceProblems } from '#lib/device';
import type { Operation, OperationSpec, Requestor } from '#lib/engine';
import type { JsonObject } from '#lib/base';
import type { Keeper } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import { type CreateRequest, missingProfiles, newAddresses, prepareCreate, wholeProblems } from './create-request.ts';
import type { InstanceDeps } from './deps.ts';
import { expand } from './expand.ts';
import { nameProblems } from './name.ts';
import { createOperation } from './operations/create.ts';
import { deleteOperation } from './operations/delete.ts';
import { freezeOperation, unfreezeOperation } from './operations/freeze.ts';
import { instanceLock, instanceResources } from './operations/names.ts';
import { renameOperation } from './operations/rename.ts';
import { restartOperation } from './operations/restart.ts';
import { startOperation } from './operations/start.ts';
import { stopOperation } from './operations/stop.ts';
import { type InstanceChange, updateOperation } from './operations/update.ts';
import { Runner, rootVolume } from './running.ts';
import { instanceState } from './state.ts';
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
    return (await this.#all(project)).map((each) => each.view);
  }

  /** With state, for recursion=2. All states are asked for side by side. */
  async fullViews(project: string | null): Promise<WireInstanceFull[]> {
    return Promise.all((await this.#all(project)).map((each) => this.#full(each)));
  }

  async view(project: string, name: string): Promise<{ row: InstanceRow; view: WireInstance }> {
    const row = await this.row(project, name);
    return { row, view: instanceView(row, await this.runner.expanded(row), await this.power(row)) };
  }

  async fullView(project: string, name: string): Promise<WireInstanceFull> {
    const row = await this.row(project, name);
    const expanded = await this.runner.expanded(row);
    return this.#full({ row, expanded, view: instanceView(row, expanded, await this.power(row)) });
  }

  async state(project: string, name: string): Promise<WireInstanceState> {
    const row = await this.row(project, name);
    const [expanded, power] = await Promise.all([this.runner.expanded(row), this.power(row)]);
    return instanceState(this.#deps, row, expanded, power);
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
        const expanded = expand(used, row);
        return { row, expanded, view: instanceView(row, expanded, await this.power(row)) };
      }),
    );
  }

  async #full({
    row,
    expanded,
    view,
  }: {
    row: InstanceRow;
    expanded: { config: StringMap; devices: DeviceMap };
    view: WireInstance;
  }): Promise<WireInstanceFull> {
    const power: PowerState = view.status === 'Running' ? 'running' : view.status === 'Frozen' ? 'frozen' : 'stopped';
    return { ...view, backups: null, snapshots: null, state: await instanceState(this.#deps, row, expanded, power) };
  }

  // ---- changing

  async create(project: string, request: CreateRequest, requestor?: Requestor): Promise<Operation> {
    const params = await prepareCreate(this.#deps, project, request);
    const operation = await this.#begin(this.#operations.create, params, params, requestor);
    this.#announce(operation, 'instance-created', params, requestor);
    if (params.start) this.#announce(operation, 'instance-started', params, requestor);
    return operation;
  }

  async setState(project: string, name: string, request: StateRequest, requestor?: Requestor): Promise<Operation> {
    const row = await this.row(project, name);
    const power = await this.power(row);
    const params = { id: row.id, name: row.name };
    const { force, timeout } = request;
    checkPower(request.action, power);
    switch (request.action) {
      case 'start':
        // What LXD's clients send to a frozen instance to let it go on.
        if (power === 'frozen') return this.#state(row, 'unfreeze', params, 'instance-resumed', requestor);
        return this.#state(row, 'start', params, 'instance-started', requestor);
      case 'stop': {
        const event = force ? 'instance-stopped' : 'instance-shutdown';
        const operation = await this.#state(row, 'stop', { ...params, force, timeout, ephemeral: row.ephemeral }, event, requestor);
        if (row.ephemeral) void operation.done.then((view) => (view.status_code === 200 ? this.#deleteEphemeral(row) : undefined));
        return operation;
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
  async update(row: InstanceRow, change: Omit<InstanceChange, 'volatile'>, requestor?: Requestor): Promise<Operation> {
    const after = await this.#checkedChange(row, change);
    const before: InstanceChange = {
      description: row.description,
      ephemeral: row.ephemeral,
      config: row.config,
      volatile: row.volatile,
      devices: row.devices,
      profiles: row.profiles,
    };
    const operation = await this.#begin(this.#operations.update, { id: row.id, name: row.name, before, after }, row, requestor);
    this.#announce(operation, 'instance-updated', row, requestor);
    return operation;
  }

  async rename(row: InstanceRow, newName: string, requestor?: Requestor): Promise<Operation> {
    refuse(nameProblems(newName));
    if (this.#deps.supervision.get(row.id)) throw new LxError('instance.running');
    if (await this.#deps.store.instances.get(row.project, newName)) throw new LxError('instance.exists', { name: newName });
    const volume = { ...rootVolume(row, (await this.runner.expanded(row)).devices) };
    const operation = await this.#begin(
      this.#operations.rename,
      { id: row.id, project: row.project, name: row.name, newName, volume },
      row,
      requestor,
    );
    this.#announce(operation, 'instance-renamed', { ...row, name: newName }, requestor, { old_name: row.name });
    return operation;
  }

  async delete(row: InstanceRow, requestor?: Requestor): Promise<Operation> {
    if (this.#deps.supervision.get(row.id)) throw new LxError('instance.running');
    const expanded = await this.runner.expanded(row);
    if (/^(true|1|yes|on)$/i.test(expanded.config['security.protection.delete'] ?? '')) throw new LxError('instance.protected');
    const volume = { ...rootVolume(row, expanded.devices) };
    const operation = await this.#begin(
      this.#operations.delete,
      { id: row.id, project: row.project, name: row.name, volume },
      row,
      requestor,
    );
    this.#announce(operation, 'instance-deleted', row, requestor);
    return operation;
  }

  async #deleteEphemeral(row: InstanceRow): Promise<void> {
    await this.delete(row).catch((cause: unknown) => this.#deps.report(`deleting the ephemeral instance ${row.name}`, cause));
  }

  async #checkedChange(row: InstanceRow, change: Omit<InstanceChange, 'volatile'>): Promise<InstanceChange> {
    const config: StringMap = {};
    const volatile: StringMap = {};
    for (const [key, value] of Object.entries(change.config))
      if (value !== '') (key.startsWith('volatile.') ? volatile : config)[key] = value;
    const problems = [...instanceConfigProblems(config), ...deviceProblems(change.devices)];
    const profiles = await this.#deps.store.profiles.many(row.project, change.profiles);
    problems.push(...missingProfiles(change.profiles, profiles));
    const after = expand(profiles, { config, devices: change.devices });
    if (problems.length === 0) problems.push(...(await wholeProblems(this.#deps, row.project, after.devices)));
    const before = await this.runner.expanded(row);
    if (problems.length === 0 && rootVolume(row, after.devices).pool !== rootVolume(row, before.devices).pool)
      problems.push('Cannot update root disk device pool name');
    const running = this.#deps.supervision.get(row.id) !== null;
    if (running && JSON.stringify(sorted(after.devices)) !== JSON.stringify(sorted(before.devices)))
      problems.push('Devices of a running instance cannot be changed by this server: stop it first');
    refuse(problems);
    return {
      ...change,
      config,
      volatile: { ...row.volatile, ...volatile, ...newAddresses(after.devices, { ...row.volatile, ...volatile }) },
    };
  }

  #state(
    row: InstanceRow,
    action: 'start' | 'stop' | 'restart' | 'freeze' | 'unfreeze',
    params: JsonObject & { id: string; name: string },
    event: Announced,
    requestor?: Requestor,
  ): Promise<Operation> {
    const spec = this.#operations[action] as unknown as OperationSpec<typeof params, JsonObject>;
    return this.#begin(spec, params, row, requestor).then((operation) => this.#announce(operation, event, row, requestor));
  }

  #begin<P extends JsonObject, S extends JsonObject>(
    spec: OperationSpec<P, S>,
    params: P,
    row: Pick<InstanceRow, 'project' | 'name'>,
    requestor?: Requestor,
  ): Promise<Operation> {
    return this.#deps.engine.start(spec, params, {
      project: row.project,
      resources: instanceResources(row.name),
      locks: [instanceLock(row)],
      ...(requestor ? { requestor } : {}),
    });
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

function sorted(devices: DeviceMap): unknown {
  const byKey = <V>(map: Record<string, V>) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return byKey(devices).map(([name, options]) => [name, byKey(options)]);
}
