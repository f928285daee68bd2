import { parse } from 'yaml';
import type { JsonObject } from '#lib/base';
import { LxError } from '#lib/contract';
import type { Confinement } from '#lib/host';
import { metadataLimit } from '../archive-rules.ts';
import { readTar } from '../read-tar.ts';
import { tarMembers } from '../tar-reader.ts';
import { asBackup } from './as-backup.ts';
import { BackupRules } from './backup-rules.ts';
import type { BackupKind } from './kinds.ts';
import { tarball } from './tarball.ts';

/** Bytes: some 4 KiB for the thing itself and for each snapshot. Nothing else is done while it is parsed. */
const indexLimit = 4 * 1024 * 1024;

/** What a checked backup says of itself. */
export interface CheckedBackup<T> {
  /** Its index.yaml, as it was read. */
  index: T;
  /** metadata.yaml of the image that its instance was made from; empty when it has none. */
  metadata: JsonObject;
}

/**
 * Reads a whole backup in LXD's format, before anything else is done with it. `read`: checks its index.yaml, which names the
 * snapshots whose directories it must have. LxError 'backup.invalid'.
 */
export async function checkBackup<T extends { snapshots: readonly string[] }>(
  kind: BackupKind,
  path: string,
  read: (document: JsonObject) => T,
  confinement: Confinement,
): Promise<CheckedBackup<T>> {
  return asBackup(async () =>
    readTar(await tarball(path), confinement, async (source) => {
      const rules = new BackupRules(kind);
      let [index, metadata]: [T | null, JsonObject] = [null, {}];
      for await (const member of tarMembers(source)) {
        const placed = rules.take(member);
        if (member.otherName !== null) rules.takeOther(member.otherName);
        if (placed?.of === 'index') {
          if (index !== null) throw new LxError('image.invalid', { reason: 'it holds two indexes' });
          index = read(await document('index.yaml', member, indexLimit));
        }
        if (kind.contents === 'unified' && placed?.of === kind.whole && placed.path === 'metadata.yaml')
          metadata = await document('metadata.yaml', member, metadataLimit);
      }
      if (index === null) throw new LxError('image.invalid', { reason: 'Backup is missing index.yaml' });
      rules.finish(index.snapshots);
      return { index, metadata };
    }),
  );
}

async function document(name: string, member: { size: number; content(): Promise<Buffer> }, limit: number): Promise<JsonObject> {
  if (member.size > limit) throw new LxError('image.invalid', { reason: `${name} is too large` });
  const text = (await member.content()).toString('utf8');
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new LxError('image.invalid', { reason: `${name} is not YAML: ${(error as Error).message.split('\n')[0]}` }, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new LxError('image.invalid', { reason: `${name} is not a map` });
  return value as JsonObject;
}
