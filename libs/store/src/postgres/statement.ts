import type { PoolClient, QueryResult } from 'pg';
import { LxError } from '#lib/contract';
import { isDiskFull, translated } from './failures.ts';
import { statementName } from './statement-name.ts';

/** Pause between two attempts at a statement, in milliseconds. */
export const pauseMs = 20;

/** Where the database keeps its data. */
export interface Disk {
  directory: string;
  /** Called when the disk is full; true when room was made. */
  makeRoom(): boolean;
}

/** Of a server that is not ours. */
export const foreignDisk: Disk = { directory: 'the database server', makeRoom: () => false };

export function inWords(error: unknown, { directory }: Disk): unknown {
  return isDiskFull(error) ? new LxError('server.disk_full', { directory }, { cause: error }) : translated(error);
}

/** One statement, answered in so many milliseconds or given up. */
export function query(client: PoolClient, text: string, values: readonly unknown[], timeMs: number): Promise<QueryResult> {
  const name = statementName(text);
  const config = { text, values: values as unknown[], query_timeout: timeMs, ...(name && { name }) };
  return client.query(config);
}
