import { expect } from 'vitest';
import { TestDaemon } from '../harness/daemon.ts';
import type { StockLxc } from './stock-lxc.ts';

/** `image copy` between two servers on this host: through the client, since neither can reach the other over the network. */
export async function copyByRelay(client: StockLxc): Promise<void> {
  const other = await TestDaemon.start();
  try {
    await client.ok('remote', 'add', 'other', `unix://${other.socket}`);
    expect(await client.fails('image', 'copy', 'busybox', 'other:')).toMatch(/--mode=relay|isn't listening on the network$/);
    expect(await client.fails('image', 'copy', 'busybox', 'other:', '--mode=push')).toMatch(
      /^Not supported by this server: .*--mode=relay/,
    );
    expect(await client.fails('image', 'copy', 'busybox', 'local:')).toBe('The source and target servers must be different');
    await client.ok('image', 'copy', 'busybox', 'other:', '--mode=relay', '--copy-aliases', '--alias=second');
    const fingerprints = await Promise.all(['', 'other:'].map((remote) => client.ok('image', 'list', remote, '-f', 'csv', '-c', 'F')));
    expect(fingerprints[1]).toBe(fingerprints[0]);
    expect(await client.ok('image', 'alias', 'list', 'other:', '-f', 'csv')).toMatch(/^busybox,[\s\S]*^second,/m);
    await client.ok('launch', 'other:second', 'other:c');
    await client.ok('delete', '--force', 'other:c');
    await client.ok('remote', 'remove', 'other');
  } finally {
    expect(await other.stop()).toEqual([]);
  }
}
