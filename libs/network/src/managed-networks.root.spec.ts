import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LinuxLinks, LinuxProcesses } from '#lib/host';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { NftFirewall } from './firewall.ts';
import { ManagedNetworks } from './managed-networks.ts';
import { ProcSysctls } from './sysctls.ts';

const run = promisify(execFile);
const why = lackOfRoot('dnsmasq', 'nft', 'busybox', 'ip');
const name = `lxt${randomBytes(3).toString('hex')}`;
const names = [`${name}a`, `${name}b`] as const;
const macs = ['00:16:3e:10:20:01', '00:16:3e:10:20:02'] as const;
const nic = (position: 0 | 1) => ({ device: 'eth0', segment: name, address: null, mac: macs[position], hostName: null });

describe.skipIf(why !== '')(titled('ManagedNetworks on this host', why), { timeout: 30_000 }, () => {
  let stateDir: string;
  let store: MemoryStore;
  let networks: ManagedNetworks;
  let forwarding: string;
  const warnings: string[] = [];

  const daemon = () => {
    const warn = (network: string, problem: Error) => void warnings.push(`${network}: ${problem.message}`);
    const parts = {
      store,
      stateDir,
      warn,
      links: new LinuxLinks(),
      processes: new LinuxProcesses(),
      firewall: new NftFirewall(),
      sysctls: new ProcSysctls(),
    };
    return new ManagedNetworks({ ...parts, sweepAfterMs: 10 });
  };
  const pid = async () => Number(await readFile(join(stateDir, 'networks', name, 'dnsmasq.pid'), 'utf8'));
  const plug = (position: 0 | 1) => ({
    project: 'default',
    network: name,
    instanceId: `id${position}`,
    device: 'eth0',
    hostname: `c${position}`,
    mac: macs[position],
    ipv4: null,
  });

  /** A host of its own on the bridge: a network namespace with one end of a veth pair. */
  async function plugIn(position: 0 | 1): Promise<void> {
    const namespace = names[position];
    await run('ip', ['netns', 'add', namespace]);
    await run('ip', [
      'link',
      'add',
      `${namespace}v`,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      namespace,
      'address',
      macs[position],
    ]);
    await run('ip', ['link', 'set', `${namespace}v`, 'master', name, 'up']);
    await run('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up']);
    await networks.attach(plug(position));
    const row = {
      id: `id${position}`,
      project: 'default',
      name: `c${position}`,
      architecture: 'x86_64',
      description: '',
      ephemeral: false,
      config: {},
      profiles: [],
      attached: [],
      power: 'running' as const,
      createdAt: new Date(0),
      lastUsedAt: null,
      idBase: null,
      idCount: null,
      volatile: { 'volatile.eth0.hwaddr': macs[position] },
      devices: { eth0: { type: 'nic', network: name } },
    };
    await store.instances.insert(row, undefined, [nic(position)]);
  }

  const inside = async (position: 0 | 1, ...command: string[]) => (await run('ip', ['netns', 'exec', names[position], ...command])).stdout;

  beforeAll(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'lxctl-network-'));
    await chmod(stateDir, 0o755);
    store = new MemoryStore();
    networks = daemon();
    await networks.prepare();
    forwarding = await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8');
    await writeFile(join(stateDir, 'script'), '#!/bin/sh\n[ "$1" = bound ] && ip addr add $ip/24 dev $interface\nexit 0\n', {
      mode: 0o755,
    });
  });
  afterAll(async () => {
    await networks.tearDown();
    for (const namespace of names) await run('ip', ['netns', 'del', namespace]).catch(() => undefined);
    await writeFile('/proc/sys/net/ipv4/ip_forward', forwarding);
    await rm(stateDir, { recursive: true });
  });

  it('gives addresses and names', async () => {
    const row = await networks.create('default', { name, type: 'bridge', description: '', config: {} });
    expect(warnings).toEqual([]);
    for (const position of [0, 1] as const) {
      await plugIn(position);
      await inside(position, 'busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', join(stateDir, 'script'));
    }
    const gateway = row.config['ipv4.address']?.split('/')[0] ?? '';
    await inside(0, 'busybox', 'ping', '-c1', '-W2', gateway);
    const leases = (await networks.leases('default', name)).sort((one, other) => (one.hwaddr < other.hwaddr ? -1 : 1));
    expect(leases.map(({ hostname, hwaddr, type }) => [hostname, hwaddr, type])).toEqual([
      [`${name}.gw`, '', 'gateway'],
      ['c0', macs[0], 'dynamic'],
      ['c1', macs[1], 'dynamic'],
    ]);
    for (const question of ['c1', 'c1.lxd'])
      expect(await inside(0, 'busybox', 'nslookup', question, gateway)).toContain(leases[2]?.address);
    await inside(0, 'busybox', 'ping', '-c1', '-W2', leases[2]?.address ?? '');
    expect(await networks.state('default', name)).toMatchObject({
      state: 'up',
      bridge: { stp: false, upper_devices: [`${names[0]}v`, `${names[1]}v`] },
    });
    expect((await run('nft', ['list', 'chain', 'inet', 'lxctl', `pstrt.${name}`])).stdout).toContain('masquerade');
  });

  it('is taken over as it stands by a new daemon', async () => {
    const before = await pid();
    networks.close();
    networks = daemon();
    await networks.prepare();
    expect(await pid()).toBe(before);
    expect((await networks.get('default', name)).status).toBe('Created');
    expect(await networks.leases('default', name)).toHaveLength(3);
  });

  it('is made again when somebody deletes the bridge, with its DHCP and what was plugged in', async () => {
    const before = await pid();
    const hostName = `${names[0]}v`;
    const attached = [{ type: 'nic', device: 'eth0', options: {}, network: name, hwaddr: macs[0], ipv4: null, hostName }];
    await store.instances.update('id0', { attached });
    await run('ip', ['link', 'del', name]);
    await vi.waitUntil(async () => (await pid().catch(() => before)) !== before, { timeout: 10_000 });
    await inside(0, 'busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', join(stateDir, 'script'));
    expect((await run('ip', ['-o', 'link', 'show', hostName])).stdout).toContain(`master ${name}`);
    await store.instances.update('id0', { attached: [] });
    await run('ip', ['link', 'set', `${names[1]}v`, 'master', name]);
    warnings.splice(0);
  });

  it('ends a dnsmasq whose files were deleted, and goes on', async () => {
    const before = await pid();
    await rm(join(stateDir, 'networks', name), { recursive: true });
    networks.close();
    networks = daemon();
    await networks.prepare();
    expect(warnings).toEqual([]);
    expect(await pid()).not.toBe(before);
    for (const position of [0, 1] as const) {
      await networks.attach(plug(position));
      await inside(position, 'busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', join(stateDir, 'script'));
    }
  });

  it('starts dnsmasq again when it is killed', async () => {
    const before = await pid();
    const first = warnings.length;
    process.kill(before, 'SIGKILL');
    await vi.waitUntil(() => warnings.length > first, { timeout: 20_000 });
    expect(warnings.at(-1)).toContain('dnsmasq ended and was started again');
    expect(await pid()).not.toBe(before);
    expect(await inside(0, 'busybox', 'nslookup', 'c1.lxd', (await networks.leases('default', name))[0]?.address ?? '')).toContain('Name:');
  });

  const lines = () =>
    readFileSync(join(stateDir, 'networks', name, 'dnsmasq.leases'), 'utf8')
      .trim()
      .split('\n');

  it('refuses a fixed address that another instance has been leased', async () => {
    const taken = (await networks.leases('default', name)).find(({ hwaddr }) => hwaddr === macs[1])?.address ?? '';
    const words = `IP address "${taken}" already defined on another NIC: it is leased to c1`;
    expect(await networks.nicProblems('default', name, { ipv4: taken, mac: macs[0] })).toEqual([words]);
    expect(await networks.nicProblems('default', name, { ipv4: taken, mac: macs[1] })).toEqual([]);
    await expect(networks.attach({ ...plug(0), ipv4: taken })).rejects.toThrow(words);
  });

  it('gives the address of a deleted instance to the next one that asks for it, at once', async () => {
    const { address = '' } = (await networks.leases('default', name)).find(({ hwaddr }) => hwaddr === macs[1]) ?? {};
    const other = { ...plug(0), instanceId: 'id2', hostname: 'c2', mac: '00:16:3e:10:20:03', ipv4: address };
    await networks.release(new Set([macs[1]]));
    await store.nics.replace('id1', []);
    await networks.attach(other);
    await inside(1, 'ip', 'link', 'set', 'eth0', 'address', other.mac);
    const said = await inside(1, 'busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', '/bin/true').catch(
      (error: Error) => error.message,
    );
    expect(lines().find((line) => line.includes(other.mac)) ?? said).toContain(` ${address} `);
    // As it was.
    await networks.release(new Set([other.mac]));
    await networks.detach(other);
    await inside(1, 'ip', 'link', 'set', 'eth0', 'address', macs[1]);
    await store.nics.replace('id1', [nic(1)]);
    await inside(1, 'busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', join(stateDir, 'script'));
  });

  it('frees the addresses of instances that were deleted', async () => {
    expect(lines()).toHaveLength(2);
    await networks.detach(plug(1));
    await store.instances.delete('id1');
    await networks.detach(plug(1));
    await vi.waitUntil(() => lines().length === 1, { timeout: 20_000 });
    expect(lines()[0]).toContain(macs[0]);
  });

  it('changes while instances are on it', async () => {
    const { config, description } = await networks.get('default', name);
    const before = await pid();
    await networks.update('default', name, () => ({
      description,
      config: { ...config, 'dns.domain': 'example.org', 'ipv4.nat': 'false' },
    }));
    expect(await pid()).not.toBe(before);
    expect((await run('nft', ['list', 'chain', 'inet', 'lxctl', `pstrt.${name}`])).stdout).not.toContain('masquerade');
    const [gateway, lease] = await networks.leases('default', name);
    expect(await inside(0, 'busybox', 'nslookup', 'c0.example.org', gateway?.address ?? '')).toContain(lease?.address);
  });

  it('leaves nothing when it is deleted', async () => {
    const last = await pid();
    await store.instances.delete('id0');
    await networks.delete('default', name);
    expect((await new LinuxLinks().list()).some((link) => link.name === name)).toBe(false);
    // Empty also of a dead process that nobody has reaped yet.
    expect(await readFile(`/proc/${last}/cmdline`, 'utf8').catch(() => '')).toBe('');
    expect(readdirSync(join(stateDir, 'networks'))).toEqual([]);
    const chains = (await run('nft', ['list', 'ruleset'])).stdout;
    expect(chains).not.toContain(name);
    expect(await store.networks.list('default')).toEqual([]);
  });

  it('says what dnsmasq complains of, and takes the bridge away again', async () => {
    await run('ip', ['addr', 'add', '10.254.77.1/32', 'dev', 'lo']);
    const listener = createServer().listen(53, '10.254.77.1');
    await once(listener, 'listening');
    try {
      const asked = networks.create('default', { name, type: 'bridge', description: '', config: { 'ipv4.address': '10.254.77.1/24' } });
      await expect(asked).rejects.toThrow(/dnsmasq: .*Address already in use/);
      expect((await new LinuxLinks().list()).some((link) => link.name === name)).toBe(false);
    } finally {
      listener.close();
      await run('ip', ['addr', 'del', '10.254.77.1/32', 'dev', 'lo']);
    }
  });
});
