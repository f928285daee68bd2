import { randomUUID } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mountFilesystem, runProgram, unmountFilesystem } from '#lib/host';
import { lackOfRoot } from '../../../host/src/testing/needs.ts';

/** For specs: a btrfs of their own, on a file in /tmp. */
export class BtrfsGround {
  /** Why this machine cannot have one; '' where it can. */
  static readonly lack = lackOfRoot('mkfs.btrfs', 'btrfs');
  readonly uuid = randomUUID();
  #place = '';

  /** Where it is mounted. */
  get directory(): string {
    return join(this.#place, 'mounted');
  }

  get file(): string {
    return join(this.#place, 'file');
  }

  /** `mib`: its size. */
  async begin(mib = 1024): Promise<void> {
    this.#place = await mkdtemp('/tmp/lxctl-btrfs-');
    const file = await open(this.file, 'wx');
    await file.truncate(mib * 1024 ** 2);
    await file.close();
    await runProgram('mkfs.btrfs', ['--quiet', '--uuid', this.uuid, this.file]);
    await runProgram('mkdir', [this.directory]);
    await mountFilesystem({ source: this.file, type: 'btrfs', target: this.directory, options: ['user_subvol_rm_allowed'] });
  }

  async end(): Promise<void> {
    await unmountFilesystem(this.directory);
    await rm(this.#place, { recursive: true });
  }
}
