import { join } from 'node:path';
import { type Arrivals, BackupFiles } from '#lib/archive';
import type { JsonObject } from '#lib/base';
import { LxError } from '#lib/contract';
import { Attachments } from '#lib/device';
import { type Engine, Expired, type Operation, type OperationSpec, type Sweep, Sweeps } from '#lib/engine';
import type { Cgroups, Confinement, DeviceChanges, HostDevices, KernelModules, Places } from '#lib/host';
import type { Images } from '#lib/image';
import type { DeviceRules, Networks } from '#lib/network';
import type { Storage } from '#lib/storage';
import type { InstanceRow, Store } from '#lib/store';
import type { Warnings } from '#lib/warning';
import { Acts } from './act/acts.ts';
import { Expansion } from '#lib/profile';
import type { HostFacts } from './host-facts.ts';
import { ImageUses } from './image-uses.ts';
import { FileOwners } from './files/file-owners.ts';
import { FileRooms } from './files/file-rooms.ts';
import { InstanceFiles } from './files/instance-files.ts';
import { roomPlan } from './files/room-plan.ts';
import { ReadableTrees } from './instance-trees.ts';
import { IdAllocation } from './ids/allocation.ts';
import { LimitsInForce } from './limits/in-force.ts';
import { Hotplug } from './hotplug.ts';
import { LiveDevices } from './live-devices.ts';
import { LogFiles } from './log-files.ts';
import { InstanceMetadata } from './metadata/instance-metadata.ts';
import { MetadataFiles } from './metadata/metadata-files.ts';
import { Filters } from './plan/filters.ts';
import { InstanceReader } from './read/reader.ts';
import { Runner } from './runner.ts';
import { Removal } from './steps/remove.ts';
import { StartLog } from './start-log.ts';
import type { Supervision } from './supervision.ts';
import { Backup } from './verbs/backup.ts';
import { BackupDelete } from './verbs/backup-delete.ts';
import { BackupRename } from './verbs/backup-rename.ts';
import { ChangeState } from './verbs/change-state.ts';
import { Copy } from './verbs/copy.ts';
import { Create } from './verbs/create.ts';
import { Delete } from './verbs/delete.ts';
import { scheduledSnapshots } from './snapshot/scheduled.ts';
import { StartupSnapshot } from './snapshot/startup.ts';
import { Discard } from './verbs/discard.ts';
import { Freeze } from './verbs/freeze.ts';
import { Import } from './verbs/import.ts';
import { Move } from './verbs/move.ts';
import { Rebuild } from './verbs/rebuild.ts';
import { Refresh } from './verbs/refresh.ts';
import { Rename } from './verbs/rename.ts';
import { Restart } from './verbs/restart.ts';
import { Restore } from './verbs/restore.ts';
import { Snapshot } from './verbs/snapshot.ts';
import { SnapshotDelete } from './verbs/snapshot-delete.ts';
import { SnapshotRename } from './verbs/snapshot-rename.ts';
import { SnapshotUpdate } from './verbs/snapshot-update.ts';
import { Start } from './verbs/start.ts';
import { Stop } from './verbs/stop.ts';
import { Unfreeze } from './verbs/unfreeze.ts';
import { Update } from './verbs/update.ts';

/** What instances stand on. Only the composition below sees all of it; each part takes the two or three it uses. */
export interface Foundations {
  store: Store;
  engine: Engine;
  storage: Storage;
  networks: Networks;
  deviceRules: DeviceRules;
  places: Places;
  devices: HostDevices;
  /** Hears when devices of the host may have come or gone. */
  deviceChanges: (onChange: () => void) => DeviceChanges;
  images: Images;
  /** Runs the programs that compress, and those that read a stranger's bytes. */
  confinement: Confinement;
  /** Backups that clients send. */
  arrivals: Arrivals;
  cgroups: Cgroups;
  kernelModules: KernelModules;
  supervision: Supervision;
  host: HostFacts;
  warnings: Warnings;
  /** What others do unasked, as each minute begins. */
  sweeps: readonly Sweep[];
  now: () => Date;
  random: () => number;
  /** A failure that no caller waits for: the daemon's log. */
  report: (message: string, cause: unknown) => void;
}

/** What the verbs share, made once. */
function shared(on: Foundations) {
  const expansion = new Expansion(on.store);
  const logFiles = new LogFiles(on.host);
  const metadataFiles = new MetadataFiles(on.host);
  const backupFiles = new BackupFiles(
    (id) => join(on.host.homesDir, id, 'backups'),
    (cause) => new LxError('backup.not_found', undefined, { cause }),
  );
  const limits = new LimitsInForce({ ...on, expansion });
  const attachments = new Attachments(on, on.report);
  const ids = new IdAllocation(on);
  const startLog = new StartLog({ ...on, logFiles });
  const filters = new Filters(on.host);
  const runner = new Runner({ ...on, filters, expansion, logFiles, metadataFiles, startLog, limits, attachments, ids });
  const removal = new Removal({ ...on, logFiles, ids });
  const imageUses = new ImageUses(on);
  const rooms = new FileRooms({
    open: async (id) => on.supervision.openRoom(await roomPlan({ ...on, expansion, ids, filters }, id)),
    runs: (id) => on.supervision.get(id) !== null,
    report: on.report,
  });
  return {
    expansion,
    ids,
    logFiles,
    metadataFiles,
    backupFiles,
    startLog,
    limits,
    attachments,
    runner,
    removal,
    imageUses,
    rooms,
    acts: new Acts(on.engine, rooms),
  };
}

/** One line a verb. */
function verbs(on: Foundations, { acts, ...parts }: ReturnType<typeof shared>) {
  const using = { ...on, ...parts, holders: on };
  const create = new Create(acts, using);
  return {
    create,
    copy: new Copy(create, using),
    rebuild: new Rebuild(acts, using),
    refresh: new Refresh(acts, using),
    import: new Import(create, using),
    update: new Update(acts, using),
    rename: new Rename(acts, using),
    move: new Move(acts, using),
    delete: new Delete(acts, using),
    start: new Start(acts, using),
    stop: new Stop(acts, using),
    restart: new Restart(acts, using),
    freeze: new Freeze(acts, using),
    unfreeze: new Unfreeze(acts, using),
    snapshot: new Snapshot(acts, using),
    snapshotRename: new SnapshotRename(acts, using),
    snapshotUpdate: new SnapshotUpdate(acts, using),
    snapshotDelete: new SnapshotDelete(acts, using),
    restore: new Restore(acts, using),
    backup: new Backup(acts, using),
    backupRename: new BackupRename(acts, using),
    backupDelete: new BackupDelete(acts, using),
  };
}

export type InstanceVerbs = ReturnType<typeof verbs>;

/** Verbs whose operation is journaled, and so registered with the engine. */
type Journaled = Omit<InstanceVerbs, 'freeze' | 'unfreeze'>;

/** The operations of all verbs that have a table of steps, by verb. */
export function operationsOf({ freeze, unfreeze, ...journaled }: InstanceVerbs): { [V in keyof Journaled]: Journaled[V]['operation'] } {
  return Object.fromEntries(Object.entries(journaled).map(([name, verb]) => [name, verb.operation])) as ReturnType<typeof operationsOf>;
}

/** The tables of steps without anything to run them on, for those who only read them: the tests of faults. */
export function instanceOperations(): ReturnType<typeof operationsOf> {
  const nothing = { host: {} } as Foundations;
  return operationsOf(verbs(nothing, shared(nothing)));
}

/** Instances as the API offers them: one reader, and the verbs. */
export class Instances {
  readonly reader: InstanceReader;
  readonly verbs: InstanceVerbs;
  readonly state: ChangeState;
  readonly discard: Discard;
  readonly sweeps: Sweeps;
  readonly acts: Acts;
  readonly expansion: Expansion;
  readonly runner: Runner;
  readonly limits: LimitsInForce;
  readonly metadata: InstanceMetadata;
  readonly liveDevices: LiveDevices;
  readonly attachments: Attachments;
  readonly hotplug: Hotplug;
  readonly files: InstanceFiles;
  readonly trees: ReadableTrees;
  readonly backupFiles: BackupFiles;
  readonly logFiles: LogFiles;
  readonly startLog: StartLog;

  constructor(on: Foundations) {
    const parts = shared(on);
    this.acts = parts.acts;
    this.expansion = parts.expansion;
    this.runner = parts.runner;
    this.limits = parts.limits;
    this.metadata = new InstanceMetadata(parts.acts.turns, parts.metadataFiles, on.store);
    this.backupFiles = parts.backupFiles;
    this.logFiles = parts.logFiles;
    this.startLog = parts.startLog;
    this.reader = new InstanceReader({ ...on, expansion: parts.expansion });
    const owners = new FileOwners(parts.rooms, (project, name) => this.reader.row(project, name));
    this.files = new InstanceFiles({ ...on, ...parts, owners });
    this.verbs = verbs(on, parts);
    this.trees = new ReadableTrees(parts.acts, { ...on, ...parts });
    this.liveDevices = new LiveDevices(parts.acts.turns, this.verbs.update, { ...on, ...parts });
    this.attachments = parts.attachments;
    const { waiting } = parts.attachments;
    this.hotplug = new Hotplug({ waiting, liveDevices: this.liveDevices, changes: on.deviceChanges, report: on.report });
    this.state = new ChangeState(this.reader, this.verbs, new StartupSnapshot(this.verbs.snapshot, parts.expansion));
    this.discard = new Discard(parts.acts.turns, this.verbs.delete, on);
    const { snapshots, backups } = on.store;
    const { snapshotDelete, backupDelete, snapshot } = this.verbs;
    const looks = [
      // What is over goes first: its room may be needed.
      new Expired(
        { word: 'snapshot', expired: (by) => snapshots.expired(by), delete: ofIts(on.store, snapshotDelete, (row) => row.instanceId) },
        on,
      ),
      new Expired(
        { word: 'backup', expired: (by) => backups.expired(by), delete: ofIts(on.store, backupDelete, (row) => row.ownerId) },
        on,
      ),
      scheduledSnapshots(snapshot, { ...on, expansion: parts.expansion }),
    ];
    this.sweeps = new Sweeps([...looks, ...on.sweeps], on);
    for (const operation of Object.values(operationsOf(this.verbs)))
      on.engine.register(operation as unknown as OperationSpec<JsonObject, JsonObject>);
  }
}

/** The deletion of what belongs to an instance, for one who has its row alone. */
function ofIts<R>(store: Store, verb: { begin(instance: InstanceRow, row: R): Promise<Operation> }, ownerOf: (row: R) => string) {
  return async (row: R) => {
    const instance = await store.instances.byId(ownerOf(row));
    return instance && verb.begin(instance, row);
  };
}
