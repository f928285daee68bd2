import type { JsonObject } from '#lib/base';
import { instanceResources, urls } from '#lib/contract';
import type { Engine, LiveSpec, Operation, OperationSpec, Requestor, StartOptions } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import type { FileRooms } from '../files/file-rooms.ts';
import { instanceLock } from './names.ts';
import { Turns } from './turns.ts';

type Named = Pick<InstanceRow, 'project' | 'name'>;

/** A lifecycle event. */
export interface Announcement {
  action: Parameters<Engine['events']['lifecycle']>[1]['action'];
  /** The instance by another name than the one it had. */
  as?: Named;
  /** Told of this snapshot of it. */
  snapshot?: string;
  /** Told of this backup of it. */
  backup?: string;
  context?: Record<string, unknown>;
}

export interface Begin {
  /** Whose instance; the operation holds its lock. */
  of: Named;
  requestor: Requestor | undefined;
  /** Told in this order once the operation has succeeded. */
  announce: readonly Announcement[];
  /** Names it holds beside its own; with an id, of instances that are there. */
  also?: readonly (Named & { id?: string })[];
  mayCancel?: boolean;
  /** Names of its snapshots that the operation is about. */
  snapshots?: readonly string[];
  /** The same of backups. */
  backups?: readonly string[];
}

/** The one way to act on an instance: in its turn, under its lock, and told when it is done. */
export class Acts {
  readonly turns = new Turns();
  readonly #engine: Engine;
  readonly #rooms: FileRooms;

  constructor(engine: Engine, rooms: FileRooms) {
    this.#engine = engine;
    this.#rooms = rooms;
  }

  /** An operation that `start` starts has the turn of the first instance, and the files of all are closed until it is over. */
  hold([id, ...others]: readonly [string, ...string[]], start: () => Promise<Operation>): Promise<Operation> {
    return this.turns.begin(id, () => this.#rooms.without([id, ...others], start));
  }

  /** LxError 'instance.busy' while another operation runs on the instance. */
  begin<P extends JsonObject & { id: string }, S extends JsonObject>(spec: OperationSpec<P, S>, params: P, how: Begin): Promise<Operation> {
    return this.#begin(params.id, how, (options) => this.#engine.start(spec, params, options));
  }

  /** `begin` of what changes nothing but the kernel's state, all at once: it is not journaled. */
  beginLive(kind: LiveSpec['kind'], work: () => Promise<void>, how: Begin & { of: { id: string } }): Promise<Operation> {
    const run = async () => {
      await work();
      return {};
    };
    return this.#begin(how.of.id, how, (options) => this.#engine.startLive({ kind, class: 'task', sockets: [], run }, options));
  }

  async #begin(
    id: string,
    { of, requestor, announce, also = [], mayCancel, snapshots = [], backups = [] }: Begin,
    start: (options: StartOptions) => Promise<Operation>,
  ): Promise<Operation> {
    const others = also.flatMap((each) => each.id ?? []);
    const operation = await this.hold([id, ...others], () =>
      start({
        project: of.project,
        resources: { ...instanceResources(of.project, of.name), ...snapshotResources(of, snapshots), ...backupResources(of, backups) },
        locks: [of, ...also].map(instanceLock),
        ...(mayCancel === undefined ? {} : { mayCancel }),
        ...(requestor ? { requestor } : {}),
      }),
    );
    for (const each of announce) this.#announce(operation, each, of, requestor);
    return operation;
  }

  /** A guest that is asked to shut down and does not: `end` kills it, which ends the operation that waits for it. */
  hasten(of: Named, waiting: Operation, requestor: Requestor | undefined, end: () => Promise<unknown>): Promise<Operation> {
    const run = async () => {
      await end();
      await waiting.done;
      return {};
    };
    return this.#engine.startLive(
      { kind: waiting.kind, class: 'task', sockets: [], run },
      { project: of.project, resources: instanceResources(of.project, of.name), ...(requestor ? { requestor } : {}) },
    );
  }

  #announce(operation: Operation, told: Announcement, of: Named, requestor: Requestor | undefined): void {
    void operation.done.then((view) => {
      if (view.status_code !== 200) return;
      this.#engine.events.lifecycle(of.project, {
        action: told.action,
        source: sourceOf(told, of.project, (told.as ?? of).name),
        ...(told.context ? { context: told.context } : {}),
        ...(requestor ? { requestor } : {}),
      });
    });
  }
}

function sourceOf({ snapshot, backup }: Announcement, project: string, name: string): string {
  if (snapshot !== undefined) return urls.instanceSnapshot(name, snapshot, project);
  return backup === undefined ? urls.instance(name, project) : urls.instanceBackup(name, backup, project);
}

function snapshotResources({ name, project }: Named, snapshots: readonly string[]): Record<string, string[]> {
  return snapshots.length === 0 ? {} : { instances_snapshots: snapshots.map((each) => urls.instanceSnapshot(name, each, project)) };
}

function backupResources({ project }: Named, backups: readonly string[]): Record<string, string[]> {
  return backups.length === 0 ? {} : { backups: backups.map((each) => urls.operationBackup(each, project)) };
}
