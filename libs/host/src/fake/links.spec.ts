import { describe, expect, it } from 'vitest';
import { FakeLinks } from './links.ts';

describe('FakeLinks', () => {
  it('behaves as a host with a bridge', async () => {
    const links = new FakeLinks();
    links.plug('eth0');
    await links.createBridge('br0', { mtu: 1400 });
    await links.addAddress('br0', '10.1.2.3/22');
    expect(await links.routes()).toEqual([]);
    await links.setLink('br0', { up: true });
    await links.setLink('eth0', { bridge: 'br0' });
    const [lo, eth0, br0] = await links.list();
    expect(lo).toMatchObject({ name: 'lo', index: 1 });
    expect(br0).toMatchObject({ name: 'br0', kind: 'bridge', up: true, mtu: 1400 });
    expect(eth0).toMatchObject({ master: br0?.index });
    expect(await links.routes()).toEqual([{ family: 'inet', destination: '10.1.0.0/22', gateway: null, index: br0?.index }]);
    await links.setLink('br0', { rename: 'br1' });
    await links.deleteLink('br1');
    expect((await links.list()).map(({ name, master }) => [name, master])).toEqual([
      ['lo', 0],
      ['eth0', 0],
    ]);
    expect(await links.addresses()).toHaveLength(1);
    expect(links.calls.at(-1)).toBe('delete br1');
  });

  it('refuses as the kernel does', async () => {
    const links = new FakeLinks();
    await links.createBridge('br0');
    await expect(links.createBridge('br0')).rejects.toMatchObject({ code: 'EEXIST', errno: -17, syscall: 'RTM_NEWLINK', path: 'br0' });
    await expect(links.deleteLink('br1')).rejects.toMatchObject({ code: 'ENODEV' });
    await links.addAddress('br0', '10.0.0.1/24');
    await expect(links.addAddress('br0', '10.0.0.1/24')).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(links.deleteAddress('br0', '10.0.0.2/24')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });
});
