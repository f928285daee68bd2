import { nicEntity } from '../entities/nic.ts';
import type { NicRow } from '../rows.ts';
import type { Nics } from '../store.ts';
import type { Session } from './session.ts';
import { mustBeUuid, Table } from './table.ts';

const table = new Table<NicRow & { instanceId: string }>(nicEntity);

/** Part of a statement: the cards of the instances in `row`, a name in its WITH list; `nics` is a place of a parameter. */
export function nicsMade(row: string, nics: string): string {
  return `INSERT INTO nic (instance_id, device, segment, address, mac, host_name)
    SELECT ${row}.id, one.device, one.segment, one.address, one.mac, one."hostName"
    FROM ${row}, jsonb_to_recordset(${nics}::jsonb) AS one (device text, segment text, address text, mac text, "hostName" text)`;
}

const replacement = `WITH owner AS (SELECT id FROM instance WHERE id = $1),
  gone AS (
    DELETE FROM nic WHERE instance_id = $1 AND device NOT IN (SELECT jsonb_array_elements($2::jsonb)->>'device')
  )
  ${nicsMade('owner', '$2')}
  ON CONFLICT (instance_id, device) DO UPDATE
    SET segment = excluded.segment, address = excluded.address, mac = excluded.mac, host_name = excluded.host_name`;

export class PostgresNics implements Nics {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async replace(instanceId: string, nics: readonly NicRow[]): Promise<void> {
    mustBeUuid('instance', instanceId);
    await this.#session.write(replacement, [instanceId, JSON.stringify(nics)], { kind: 'harmless' });
  }

  inSegment(segment: string): Promise<(NicRow & { instanceId: string })[]> {
    return table.select(this.#session, 'WHERE segment = $1 ORDER BY instance_id, device', [segment]);
  }
}
