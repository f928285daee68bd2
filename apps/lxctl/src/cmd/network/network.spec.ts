import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { lxctl } from '../../testing/lxctl.ts';

describe('a card on a network', () => {
  const card = { type: 'nic', network: 'br' };
  const server = (devices: object) =>
    new FakeServer()
      .sync('GET /1.0/networks/br', { name: 'br', managed: true, type: 'bridge', config: {} })
      .sync('GET /1.0/networks/virbr0', { name: 'virbr0', managed: false, type: 'bridge', config: {} })
      .sync('GET /1.0/networks/enp1s0', { name: 'enp1s0', managed: false, type: 'physical', config: {} })
      .sync('GET /1.0/instances/c1', { name: 'c1', config: {}, devices, profiles: [], description: '' }, 'e')
      .operation('PUT /1.0/instances/c1')
      .sync('GET /1.0/profiles/p', { name: 'p', config: {}, devices, description: '' }, 'e')
      .sync('PUT /1.0/profiles/p', null);
  const sent = async (words: string, devices: object) => {
    const to = server(devices);
    const { err } = await lxctl(to, `network ${words}`);
    return err || ([...to.sent('PUT /1.0/instances/c1'), ...to.sent('PUT /1.0/profiles/p')][0] as { devices: object }).devices;
  };

  it('comes to an instance or a profile', async () => {
    expect(await sent('attach br c1', {})).toEqual({ br: card });
    expect(await sent('attach local:br c1 lan eth5', {})).toEqual({ lan: { ...card, name: 'eth5' } });
    expect(await sent('attach-profile br p lan', {})).toEqual({ lan: card });
    expect(await sent('attach virbr0 c1', {})).toEqual({ virbr0: { type: 'nic', nictype: 'bridged', parent: 'virbr0' } });
    expect(await sent('attach enp1s0 c1', {})).toEqual({ enp1s0: { type: 'nic', nictype: 'macvlan', parent: 'enp1s0' } });
    expect(await sent('attach br c1', { br: { type: 'none' } })).toContain('The device already exists');
  });

  it('goes', async () => {
    expect(await sent('detach br c1', { a: card, b: { type: 'disk' } })).toEqual({ b: { type: 'disk' } });
    expect(await sent('detach-profile virbr0 p', { a: { type: 'nic', nictype: 'bridged', parent: 'virbr0' } })).toEqual({});
    expect(await sent('detach br c1 b', { a: card, b: card })).toEqual({ a: card });
    expect(await sent('detach br c1', { a: card, b: card })).toContain('More than one device matches, specify the device name');
    expect(await sent('detach br c1', {})).toContain('No device found for this network');
    expect(await sent('detach br c1 x', {})).toContain("The specified device doesn't exist");
    expect(await sent('detach br c1 d', { d: { type: 'disk' } })).toContain("The specified device doesn't match the network");
  });
});
