import { randomUUID } from 'node:crypto';
import { LxError, urls, type WarningName, type WarningStatus, warningTypes, type WireWarning } from '#lib/contract';
import type { Engine, Requestor } from '#lib/engine';
import { RowMissing, type Store, type WarningRow } from '#lib/store';

/** What a warning is about; left out: the server. */
export interface Subject {
  entity: 'instance' | 'network' | 'pool';
  id: string;
  /** Empty: it is in none. */
  project: string;
}

/** For those who have something to warn of. Neither waits for the database, nor fails. */
export interface Told {
  /** It is so now: a new warning, or one more of the same. */
  tell(type: WarningName, message: string, subject?: Subject): void;
  /** It is not so any more. */
  over(type: WarningName, subject?: Subject): void;
}

interface Using {
  store: Pick<Store, 'warnings' | 'instances' | 'networks' | 'pools'>;
  events: Engine['events'];
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** What is resolved is shown for a day. */
const resolvedForMs = 24 * 3_600_000;

/** The server's warnings: one row a type and subject, counted, until somebody deletes it or it is over. */
export class Warnings implements Told {
  readonly #using: Using;
  /** Writes of its own, one after the other: two of the same would both find no row. */
  #last: Promise<void> = Promise.resolve();
  /** Those that are not over; null: not known yet. */
  #open: Set<string> | null = null;

  constructor(using: Using) {
    this.#using = using;
  }

  /** Reads which warnings are there. Before, `over` asks the database each time. */
  async prepare(): Promise<void> {
    const rows = await this.#using.store.warnings.list();
    this.#open = new Set(rows.filter(({ status }) => status !== 'resolved').map((row) => keyOf(row.type, row.entityId)));
  }

  tell(type: WarningName, message: string, subject?: Subject): void {
    this.#open?.add(keyOf(type, subject?.id));
    this.#then(() => this.#count(type, message, subject));
  }

  over(type: WarningName, subject?: Subject): void {
    if (this.#open?.delete(keyOf(type, subject?.id)) === false) return;
    this.#then(async () => {
      const row = await this.#using.store.warnings.about(type, subject?.entity ?? '', subject?.id ?? '');
      if (row && row.status !== 'resolved') await this.#using.store.warnings.update(row.id, this.#status('resolved'));
    });
  }

  /** Resolves when all that was told until now is written. */
  written(): Promise<void> {
    return this.#last;
  }

  /** With the URLs of what they are about. `project`: of that one only. */
  async list(project: string | null): Promise<WireWarning[]> {
    const { store, now } = this.#using;
    await store.warnings.deleteResolvedBefore(new Date(now().getTime() - resolvedForMs));
    const rows = (await store.warnings.list()).filter((row) => project === null || row.project === project);
    const shown = await Promise.all(rows.map((row) => this.#shown(row)));
    return shown.filter((each) => each !== null);
  }

  /** LxError 'warning.not_found'. */
  async get(id: string): Promise<WireWarning> {
    const row = await this.#using.store.warnings.get(id);
    const shown = row && (await this.#shown(row));
    if (!shown) throw new LxError('warning.not_found');
    return shown;
  }

  /** LxError 'warning.not_found', 'warning.bad_status', 'warning.status_refused'. */
  async setStatus(id: string, status: string, requestor: Requestor): Promise<void> {
    const { project } = await this.get(id);
    if (status === 'resolved') throw new LxError('warning.status_refused');
    if (status !== 'new' && status !== 'acknowledged') throw new LxError('warning.bad_status', { status });
    await this.#using.store.warnings.update(id, this.#status(status)).catch(gone);
    this.#announce(status === 'new' ? 'warning-reset' : 'warning-acknowledged', id, project, requestor);
  }

  /** LxError 'warning.not_found'. */
  async delete(id: string, requestor: Requestor): Promise<void> {
    const { project } = await this.get(id);
    await this.#using.store.warnings.delete(id).catch(gone);
    this.#announce('warning-deleted', id, project, requestor);
  }

  #announce(action: 'warning-acknowledged' | 'warning-reset' | 'warning-deleted', id: string, project: string, requestor: Requestor): void {
    this.#using.events.lifecycle(project || 'default', { action, source: urls.warning(id), requestor });
  }

  #then(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).catch((error: unknown) => this.#using.report('writing a warning', error));
  }

  async #count(type: WarningName, message: string, subject?: Subject): Promise<void> {
    const { store, now } = this.#using;
    const at = now();
    const row = await store.warnings.about(type, subject?.entity ?? '', subject?.id ?? '');
    if (row) {
      const again = row.status === 'resolved' ? this.#status('new') : {};
      return store.warnings.update(row.id, { count: row.count + 1, message, lastSeenAt: at, ...again });
    }
    await store.warnings.insert({
      id: randomUUID(),
      type,
      project: subject?.project ?? '',
      entity: subject?.entity ?? '',
      entityId: subject?.id ?? '',
      status: 'new',
      count: 1,
      message,
      firstSeenAt: at,
      lastSeenAt: at,
      updatedAt: at,
    });
  }

  #status(status: WarningStatus): Pick<WarningRow, 'status' | 'updatedAt'> {
    return { status, updatedAt: this.#using.now() };
  }

  /** null, and its row goes, when what it is about is gone, or its type is another version's. */
  async #shown(row: WarningRow): Promise<WireWarning | null> {
    const url = await this.#url(row);
    if (url === null || !Object.hasOwn(warningTypes, row.type)) {
      await this.#using.store.warnings.delete(row.id).catch((error: unknown) => {
        if (!(error instanceof RowMissing)) throw error;
      });
      return null;
    }
    const { text, severity } = warningTypes[row.type as WarningName];
    return {
      uuid: row.id,
      status: row.status,
      severity,
      type: text,
      location: 'none',
      project: row.project,
      count: row.count,
      first_seen_at: row.firstSeenAt.toISOString(),
      last_seen_at: row.lastSeenAt.toISOString(),
      last_message: row.message,
      entity_url: url,
    };
  }

  async #url({ entity, entityId, project }: WarningRow): Promise<string | null> {
    const { instances, networks, pools } = this.#using.store;
    if (entity === '') return '';
    if (entity === 'instance') {
      const row = await instances.byId(entityId);
      return row && urls.instance(row.name, row.project);
    }
    if (entity === 'pool') {
      const row = await pools.byId(entityId);
      return row && urls.pool(row.name);
    }
    const row = (await networks.list(project)).find(({ id }) => id === entityId);
    return row ? urls.network(row.name, row.project) : null;
  }
}

function keyOf(type: string, id = ''): string {
  return `${type} ${id}`;
}

function gone(error: unknown): never {
  throw error instanceof RowMissing ? new LxError('warning.not_found', undefined, { cause: error }) : error;
}
