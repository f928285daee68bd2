import type { ConfigRow } from '../entities/server-config.ts';
import type { ServerConfig } from '../store.ts';
import type { Session } from './session.ts';

/** Both changes in one statement, so in one transaction. */
const setSql = `
  WITH gone AS (DELETE FROM server_config WHERE key = ANY ($1))
  INSERT INTO server_config (key, value) SELECT * FROM unnest($2::text[], $3::text[])
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;

export class PostgresServerConfig implements ServerConfig {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async all(): Promise<Record<string, string>> {
    const rows = await this.#session.read<ConfigRow>('SELECT key, value FROM server_config ORDER BY key COLLATE "C"');
    return Object.fromEntries(rows.map((row) => [row.key, row.value]));
  }

  /** A lock of the table, because the keys that are not there yet have no row to lock. Readers do not wait for it. */
  async lock(): Promise<Record<string, string>> {
    await this.#session.write('LOCK TABLE server_config IN SHARE ROW EXCLUSIVE MODE', [], { kind: 'never' });
    return this.all();
  }

  async set(change: Record<string, string | null>): Promise<void> {
    const gone = Object.keys(change).filter((key) => change[key] === null);
    const kept = Object.entries(change).filter(([, value]) => value !== null);
    await this.#session.write(setSql, [gone, kept.map(([key]) => key), kept.map(([, value]) => value)], { kind: 'harmless' });
  }
}
