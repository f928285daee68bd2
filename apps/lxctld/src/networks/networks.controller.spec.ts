import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeLinks, FakeProcesses } from '#lib/host';
import { ManagedNetworks } from '#lib/network';
import { RecordingFirewall } from '../../../../libs/network/src/fake/recording-firewall.ts';
import { MemoryStore } from '../../../../libs/store/src/fake/index.ts';
import { type Method, type RimServer, serveRim } from '../testing/rim-server.ts';
import { ENGINE, NETWORKS, STORE } from '../tokens.ts';
import { NetworksController } from './networks.controller.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'lxctl-networks-'));
const store = new MemoryStore();
const links = new FakeLinks();
const told: string[] = [];
const config = { 'ipv4.address': '10.9.8.1/24', 'ipv4.dhcp': 'false', 'dns.mode': 'none' };
let rim: RimServer;

beforeAll(async () => {
  links.plug('eth0', { up: true });
  const sysctls = { set: async () => {}, get: async () => null };
  const networks = new ManagedNetworks({
    store,
    links,
    sysctls,
    stateDir,
    processes: new FakeProcesses(),
    firewall: new RecordingFirewall(),
    warn() {},
  });
  const engine = {
    events: {
      lifecycle: (_project: string, event: { action: string; source: string }) => void told.push(`${event.action} ${event.source}`),
    },
  };
  const providers = [
    { provide: NETWORKS, useValue: networks },
    { provide: STORE, useValue: store },
    { provide: ENGINE, useValue: engine },
  ];
  rim = await serveRim({ controllers: [NetworksController], providers });
});
afterAll(async () => {
  await rim.close();
  rmSync(stateDir, { recursive: true });
});

const call = (method: Method, path: string, body?: object, headers = {}) => rim.call(method, `/1.0/networks${path}`, body, headers);

describe('/1.0/networks', () => {
  it('creates', async () => {
    const answer = await call('POST', '', { name: 'br0', type: 'bridge', config });
    expect(answer).toMatchObject({ status: 201, headers: { location: '/1.0/networks/br0' } });
    expect(await call('POST', '', { name: 'br0', config })).toMatchObject({ status: 409, error: 'Network "br0" already exists' });
    expect(await call('POST', '', { name: 'br9', type: 'ovn' })).toMatchObject({
      status: 400,
      error: 'Unsupported network type "ovn": this server has bridge',
    });
    expect((await call('POST', '', { config: 3 })).status).toBe(400);
  });

  it('lists URLs and objects, the links of the host among them', async () => {
    expect((await call('GET', '')).metadata).toEqual(['/1.0/networks/br0', '/1.0/networks/lo', '/1.0/networks/eth0']);
    const all = (await call('GET', '?recursion=1')).metadata as unknown[];
    expect(all[0]).toMatchObject({ name: 'br0', managed: true, type: 'bridge', status: 'Created', locations: ['none'], used_by: [] });
    expect(all[2]).toEqual({
      name: 'eth0',
      description: '',
      type: 'physical',
      managed: false,
      config: {},
      status: '',
      locations: [],
      used_by: [],
    });
    expect((await call('GET', '?filter=managed eq true')).metadata).toEqual(['/1.0/networks/br0']);
  });

  it('replaces and merges, minding the ETag', async () => {
    const { etag } = (await call('GET', '/br0')).headers;
    expect((await call('PATCH', '/br0', { config: { 'user.a': 'b' } }, { 'if-match': String(etag) })).status).toBe(200);
    expect((await call('PUT', '/br0', { config: {} }, { 'if-match': String(etag) })).status).toBe(412);
    expect((await call('GET', '/br0')).metadata).toMatchObject({ config: { ...config, 'user.a': 'b' } });
    expect((await call('PUT', '/br0', { description: 'd', config })).status).toBe(200);
    expect((await call('GET', '/br0')).metadata).toMatchObject({ description: 'd', config });
    expect((await call('PATCH', '/br0', { config: { 'ipv4.nat': 'maybe' } })).error).toContain('option "ipv4.nat"');
    expect(await call('PUT', '/eth0', { config: {} })).toMatchObject({ status: 404, error: 'Network not found' });
  });

  it('shows state and leases', async () => {
    expect((await call('GET', '/br0/state')).metadata).toMatchObject({ state: 'up', addresses: [{ address: '10.9.8.1' }] });
    expect((await call('GET', '/br0/leases')).metadata).toEqual([
      { hostname: 'br0.gw', hwaddr: '', address: '10.9.8.1', type: 'gateway', location: 'none' },
    ]);
    expect((await call('GET', '/nope/leases')).status).toBe(404);
  });

  it('renames and deletes what is not in use', async () => {
    expect(await call('POST', '/br0', { name: 'br1' })).toMatchObject({ status: 201, headers: { location: '/1.0/networks/br1' } });
    const devices = { eth0: { type: 'nic', network: 'br1' } };
    await store.profiles.insert({ project: 'default', name: 'p', description: '', config: {}, devices });
    expect((await call('GET', '/br1')).metadata).toMatchObject({ used_by: ['/1.0/profiles/p'] });
    expect(await call('DELETE', '/br1')).toMatchObject({ status: 400, error: 'The network is currently in use' });
    const profile = await store.profiles.get('default', 'p');
    await store.profiles.delete(profile?.id ?? '');
    expect((await call('DELETE', '/br1')).status).toBe(200);
    expect((await call('DELETE', '/br1')).status).toBe(404);
    expect(told).toEqual([
      'network-created /1.0/networks/br0',
      'network-updated /1.0/networks/br0',
      'network-updated /1.0/networks/br0',
      'network-renamed /1.0/networks/br1',
      'network-deleted /1.0/networks/br1',
    ]);
  });
});
