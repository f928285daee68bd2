import { describe, expect, it } from 'vitest';
import type { TarType } from '../tar-reader.ts';
import { BackupRules } from './backup-rules.ts';
import { containerBackup, volumeBackup } from './kinds.ts';

type Member = [name: string, type?: TarType, linkname?: string];

function take(members: readonly Member[], snapshots: readonly string[] = []) {
  const rules = new BackupRules(containerBackup);
  const placed = members.map(([name, type = 'file', linkname = '']) => rules.take({ name, type, linkname }));
  rules.finish(snapshots);
  return placed;
}

const container: readonly Member[] = [
  ['backup/index.yaml'],
  ['backup/container/', 'directory'],
  ['backup/container/metadata.yaml'],
  ['backup/container/rootfs/', 'directory'],
];
const link = 'backup/container/rootfs/out';

describe('members of a backup', () => {
  it('are of the instance or of its snapshots, and the index', () => {
    const snapshot: Member[] = [
      ['backup/snapshots/', 'directory'],
      ['backup/snapshots/s\u00c3\u00a9/rootfs/', 'directory'],
    ];
    expect(take([...container, ...snapshot], ['sé'])).toEqual([
      { of: 'index', path: '' },
      { of: 'container', path: '' },
      { of: 'container', path: 'metadata.yaml' },
      { of: 'container', path: 'rootfs' },
      null,
      { of: 'snapshots/s\u00c3\u00a9', path: 'rootfs' },
    ]);
  });

  it('may be linked within one root', () => {
    const links: Member[] = [['backup/container/rootfs/a'], ['backup/container/rootfs/b', 'link', 'backup/container/rootfs/a']];
    expect(take([...container, ...links])).toHaveLength(6);
  });

  it.each<[string, Member[], string]>([
    ['outside', [['etc/passwd']], 'is no part of the backup of a container'],
    ['of a virtual machine', [['backup/virtual-machine.img']], 'is no part of the backup of a container'],
    ['above', [['backup/../x']], 'is not written plainly'],
    ['absolute', [['/backup/container/rootfs/x']], 'is not written plainly'],
    ['in another spelling', [['backup/container/./rootfs/dev/null', 'character-device']], 'is not written plainly'],
    ['instead of a directory', [['backup/container', 'symlink', '/']], 'is not a directory'],
    ['instead of all', [['backup', 'symlink', '/']], 'is not a directory'],
    ['instead of the snapshots', [['backup/snapshots', 'symlink', '/']], 'is not a directory'],
    ['instead of the root', [['backup/container/rootfs', 'symlink', '/']], 'is not a directory'],
    ['instead of the index', [['backup/index.yaml', 'symlink', '/etc/shadow']], 'is not a plain file'],
    ['instead of the metadata', [['backup/container/metadata.yaml', 'symlink', '/etc/shadow']], 'is not a plain file'],
    ['behind a link', [[link, 'symlink', '/'], [`${link}/x`]], 'lies behind the symlink'],
    ['linked to another root', [['backup/container/rootfs/b', 'link', 'backup/snapshots/s/rootfs/a']], 'which is of something else'],
    ['linked to the host', [['backup/container/rootfs/b', 'link', '/etc/shadow']], 'which is of something else'],
    ['linked to the index', [['backup/container/rootfs/b', 'link', 'backup/index.yaml']], 'which is of something else'],
    ['a device', [['backup/container/rootfs/sda', 'block-device']], 'is a device node outside dev/'],
    ['a whiteout', [['backup/container/rootfs/gone', 'whiteout']], 'is a device node outside dev/'],
    ['of a snapshot whose name is none', [['backup/snapshots/a b/rootfs', 'directory']], 'is no part of the backup of a container'],
  ])('are not %s', (_what, members, text) => expect(() => take([...container, ...members])).toThrow(text));

  it('may be sparse, whose other names are as GNU tar writes them', () => {
    const rules = new BackupRules(containerBackup);
    expect(() => rules.takeOther('./var/log/GNUSparseFile.0/lastlog')).not.toThrow();
    for (const name of ['../x', '/etc/passwd', 'a//b']) expect(() => rules.takeOther(name)).toThrow('is not written plainly');
  });

  it('of a volume may be whatever a guest can make there', () => {
    const rules = new BackupRules(volumeBackup);
    const within = (name: string, type: TarType, linkname = '') => rules.take({ name: `backup/volume/${name}`, type, linkname });
    expect(within('dev/null', 'file')).toEqual({ of: 'volume', path: 'dev/null' });
    expect(() => within('dev/same', 'link', 'backup/volume/dev/null')).not.toThrow();
    for (const [name, type] of [
      ['metadata.yaml', 'symlink'],
      ['templates', 'file'],
      ['rootfs', 'symlink'],
      ['dev/gone', 'whiteout'],
    ] as const)
      expect(() => within(name, type)).not.toThrow();
    expect(() => within('dev/sda', 'block-device')).toThrow('is a device node');
    expect(() => rules.finish([])).not.toThrow();
  });

  it('are all that the index names, and no more', () => {
    expect(() => take(container, ['s'])).toThrow('it holds no directory backup/"snapshots/s"');
    expect(() => take([...container, ['backup/snapshots/s/rootfs', 'directory']])).toThrow('its index does not name the directory');
    expect(() => take(container.slice(0, 3))).toThrow('it holds no directory rootfs');
    expect(() => take(container.slice(0, 1))).toThrow('it holds no directory backup/"container"');
  });
});
