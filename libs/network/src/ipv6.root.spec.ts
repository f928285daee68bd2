import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkLocal6 } from '#lib/contract';
import { LinuxLinks, LinuxProcesses } from '#lib/host';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { NftFirewall } from './firewall.ts';
import { ManagedNetworks } from './managed-networks.ts';
import { ProcSysctls } from './sysctls.ts';

const run = promisify(execFile);
const why = lackOfRoot('dnsmasq', 'nft', 'ip', 'ping');
const name = `lxs${randomBytes(3).toString('hex')}`;
const mac = '00:16:3e:10:66:01';
/** Of the bridge, and what the guest makes up of it. */
const subnet = `fd42:${randomBytes(2).toString('hex')}:66:77`;
const address = `${subnet.replace(/:0+(?=[^:])/g, ':')}::1`;
const own = linkLocal6(mac).replace('fe80::', `${address.replace('::1', '')}:`);
const forwarding = '/proc/sys/net/ipv6/conf/all/forwarding';

describe.skipIf(why !== '')(titled('IPv6 on a bridge of this host', why), { timeout: 60_000 }, () => {
  let stateDir: string;
  let store: MemoryStore;
  let networks: ManagedNetworks;
  let before: string;
  const warnings: string[] = [];

  beforeAll(async () => {
    before = await readFile(forwarding, 'utf8');
    stateDir = await mkdtemp(join(tmpdir(), 'lxctl-network6-'));
    await chmod(stateDir, 0o755);
    store = new MemoryStore();
    networks = new ManagedNetworks({
      store,
      stateDir,
      warn: (network, problem) => void warnings.push(`${network}: ${problem.message}`),
      links: new LinuxLinks(),
      processes: new LinuxProcesses(),
      firewall: new NftFirewall(),
      sysctls: new ProcSysctls(),
    });
    await networks.prepare();
  });
  afterAll(async () => {
    await networks.tearDown();
    await run('ip', ['netns', 'del', name]).catch(() => undefined);
    await writeFile(forwarding, before);
    await rm(stateDir, { recursive: true });
  });

  const inside = async (...command: string[]) => (await run('ip', ['netns', 'exec', name, ...command])).stdout;
  const update = (config: Record<string, string>) =>
    networks.update('default', name, ({ config: now }) => ({ description: '', config: { ...now, ...config } }));

  it('is had by what is plugged in, from the prefix that the host advertises', async () => {
    await networks.create('default', {
      name,
      type: 'bridge',
      description: '',
      config: { 'ipv4.address': 'none', 'ipv6.address': `${address}/64`, 'ipv6.nat': 'true' },
    });
    await run('ip', ['netns', 'add', name]);
    await run('ip', ['link', 'add', `${name}v`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name, 'address', mac]);
    await run('ip', ['link', 'set', `${name}v`, 'master', name, 'up']);
    await run('ip', ['-n', name, 'link', 'set', 'eth0', 'up']);
    await expect
      .poll(() => inside('ip', '-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'global', '-tentative'), { timeout: 30_000 })
      .toContain(own);
    expect(await inside('ip', '-6', 'route', 'show', 'default')).toMatch(/^default via fe80::/);
    await inside('ping', '-6', '-c', '1', '-W', '5', address);
    expect((await networks.state('default', name)).addresses.map((each) => each.address)).toContain(address);
    expect(await readFile(forwarding, 'utf8')).toBe('1\n');
    expect((await run('nft', ['list', 'chain', 'inet', 'lxctl', `pstrt.${name}`])).stdout).toContain(`ip6 saddr`);
    expect(warnings).toEqual([]);
  });

  it('is in the leases, of the network and of what has made its address up', async () => {
    const row = {
      ...{ id: 'id0', project: 'default', name: 'c0', type: 'container', architecture: 'x86_64', description: '', config: {} },
      ...{ ephemeral: false, stateful: false, profiles: [], rootVolumeId: null, rootPool: '', desiredState: 'running', attached: [] },
      ...{ createdAt: new Date(0), lastUsedAt: null, idBase: null, idCount: null, volatile: { 'volatile.eth0.hwaddr': mac } },
      devices: { eth0: { type: 'nic', network: name } },
    };
    await store.instances.insert(row as never, undefined, []);
    expect(await networks.leases('default', name)).toEqual([
      { hostname: `${name}.gw`, hwaddr: '', address, type: 'gateway' },
      { hostname: 'c0', hwaddr: mac, address: own, type: 'dynamic' },
    ]);
  });

  it('changes while it is there: other addresses, by DHCPv6, none', async () => {
    await update({ 'ipv6.dhcp.stateful': 'true', 'ipv6.dhcp.ranges': `${address}0-${address}f` });
    expect(await networks.leases('default', name)).toHaveLength(1);
    const running = async () =>
      (await readFile(`/proc/${Number(await readFile(join(stateDir, 'networks', name, 'dnsmasq.pid'), 'utf8'))}/cmdline`, 'utf8')).split(
        '\0',
      );
    expect(await running()).toContain(`--dhcp-range=${address}0,${address}f,64,1h`);
    const other = address.replace(/1$/, '2');
    await update({ 'ipv6.dhcp.stateful': '', 'ipv6.dhcp.ranges': '', 'ipv6.address': `${other}/64` });
    const shown = async () =>
      (await networks.state('default', name)).addresses.filter(({ scope }) => scope === 'global').map((each) => each.address);
    expect(await shown()).toEqual([other]);
    await update({ 'ipv6.address': 'none' });
    expect(await shown()).toEqual([]);
    expect(await readFile(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, 'utf8')).toBe('1\n');
    expect((await run('nft', ['list', 'chain', 'inet', 'lxctl', `pstrt.${name}`])).stdout).not.toContain('ip6');
  });
});
