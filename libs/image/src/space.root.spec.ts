import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { isLxError } from '#lib/contract';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import { confinement, lackOfConfinement } from '../../archive/src/testing/samples.ts';
import { unpackImage } from './unpack.ts';

const why = lackOfRoot('mount', 'tar', 'zstd') || lackOfConfinement();

describe.skipIf(why !== '')(titled('an image that unpacks to more than there is', why), () => {
  const place = mkdtempSync(join(tmpdir(), 'lxctl-space-'));
  afterEach(() => {
    execFileSync('umount', [join(place, 'pool')]);
    rmSync(place, { recursive: true });
  });

  it('is given up while the disk still has room, with words that say so', async () => {
    const [pool, source] = [join(place, 'pool'), join(place, 'source')];
    await Promise.all([mkdir(pool), mkdir(join(source, 'rootfs'), { recursive: true })]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'lxctl-space', pool]);
    writeFileSync(join(source, 'metadata.yaml'), 'architecture: x86_64\ncreation_date: 1\n');
    // 400 megabytes of zeros in a file of some kilobytes.
    execFileSync('sh', ['-c', 'truncate -s 400M rootfs/bomb; tar -cf - * | zstd -q -o ../bomb.tar.zst'], {
      cwd: source,
    });
    await mkdir(join(pool, 'tree'));
    const failure = await unpackImage({ image: join(place, 'bomb.tar.zst'), rootfs: null }, join(pool, 'tree'), confinement()).catch(
      (problem: unknown) => problem,
    );
    expect(isLxError(failure, 'image.no_space') || String(failure)).toBe(true);
    expect(readdirSync(pool)).toEqual(['tree']);
  });
});
