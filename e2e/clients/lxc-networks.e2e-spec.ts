import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lxcInstalled, StockLxc } from './stock-lxc.ts';

let lxc: StockLxc;
let bridge: string;
/** Names of links are the whole machine's. */
const mine = (name: string) => `t${process.pid}${name}`;

describe.skipIf(!lxcInstalled)("networks and pools with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    lxc = await StockLxc.start();
    bridge = (await lxc.ok('network', 'list', '-f', 'csv')).match(/^(lxctlbr\d+),bridge,YES/m)?.[1] ?? '';
    await lxc.ok('init', 'busybox', 'x');
  });
  afterAll(() => lxc.stop());

  it('makes, shows, changes, renames and removes networks', async () => {
    await lxc.ok('network', 'create', mine('a'), 'ipv4.address=none', 'ipv6.address=none', 'user.x=y');
    expect(await lxc.fails('network', 'create', mine('a'))).toBe(`Network "${mine('a')}" already exists`);
    expect(await lxc.ok('network', 'list', '-f', 'csv')).toContain(`${mine('a')},bridge,YES,none,none,,0,CREATED`);
    expect(await lxc.ok('network', 'get', mine('a'), 'user.x')).toBe('y\n');
    await lxc.ok('network', 'set', mine('a'), 'bridge.mtu=1400', 'user.x=z');
    await lxc.ok('network', 'unset', mine('a'), 'user.x');
    await lxc.feed(
      (await lxc.ok('network', 'show', mine('a'))).replace('description: ""', 'description: mine'),
      'network',
      'edit',
      mine('a'),
    );
    expect(await lxc.ok('network', 'show', mine('a'))).toMatch(/bridge\.mtu: "1400"[\s\S]*description: mine[\s\S]*status: Created/);
    expect(await lxc.ok('network', 'info', mine('a'))).toMatch(/MTU: 1400[\s\S]*Bridge:/);
    await lxc.ok('network', 'rename', mine('a'), mine('b'));
    expect(await lxc.fails('network', 'show', mine('a'))).toBe('Network not found');
    await lxc.ok('network', 'attach', mine('b'), 'x', 'eth5');
    expect(await lxc.fails('network', 'delete', mine('b'))).toMatch(/currently in use/);
    await lxc.ok('network', 'detach', mine('b'), 'x');
    await lxc.ok('network', 'attach-profile', mine('b'), 'default', 'eth6');
    await lxc.ok('network', 'detach-profile', mine('b'), 'default', 'eth6');
    await lxc.ok('network', 'delete', mine('b'));
  });

  it('shows leases and links of the host', async () => {
    await lxc.ok('start', 'x');
    await lxc.ok('exec', 'x', '--', 'sh', '-c', 'until ip -4 addr show eth0 | grep -q inet; do usleep 20000; done');
    expect(await lxc.ok('network', 'list-leases', bridge, '-f', 'csv')).toMatch(/^x,00:16:3e:[0-9a-f:]+,[0-9.]+,DYNAMIC$/m);
    expect(await lxc.ok('network', 'info', 'lo')).toContain('Type: loopback');
    await lxc.ok('delete', '-f', 'x');
  });

  it.each([
    [['network', 'create', 'tn', '--type', 'ovn'], /^Unsupported network type "ovn"/],
    [['network', 'create', 'tn', 'ipv4.address=banana'], /option "ipv4\.address"/],
    [['network', 'create', 'tn', 'nonsense=1'], /Invalid option for network "tn" option "nonsense"/],
    [['network', 'create', 'a-name-that-is-too-long'], /too long/],
    [['network', 'delete', 'nope'], /^Network not found$/],
    [['network', 'set', 'lo', 'user.x=1'], /Only managed networks can be modified/],
    [['network', 'acl', 'list'], /"network_acl" API extension/],
    [['network', 'forward', 'list', 'lo'], /"network_forward" API extension/],
    [['storage', 'create', 'ts', 'zfs'], /^Unknown driver "zfs"/],
    [['storage', 'create', 'ts', 'dir', 'nonsense=1'], /nonsense/],
    [['storage', 'create', 'ts', 'dir', 'source=/nonexistent'], /the directory does not exist/],
    [['storage', 'create', 'default', 'dir'], /^The storage pool already exists$/],
    [['storage', 'delete', 'default'], /^The storage pool is currently in use$/],
    [['storage', 'delete', 'nope'], /^Storage pool not found$/],
    [['storage', 'volume', 'show', 'default', 'v'], /^Storage pool volume not found$/],
  ])('refuses lxc %j in one clear sentence', async (args, sentence) => {
    expect(await lxc.fails(...args)).toMatch(sentence);
  });

  it.each(['dir', 'overlay'])('keeps instances in pools of the driver %s', async (driver) => {
    await lxc.ok('storage', 'create', driver, driver);
    await lxc.ok('storage', 'set', driver, 'user.x=y');
    expect(await lxc.ok('storage', 'get', driver, 'user.x')).toBe('y\n');
    await lxc.ok('storage', 'unset', driver, 'user.x');
    await lxc.feed((await lxc.ok('storage', 'show', driver)).replace('description: ""', 'description: mine'), 'storage', 'edit', driver);
    await lxc.ok('launch', 'busybox', 'p', '-s', driver);
    expect(await lxc.ok('storage', 'list', '-f', 'csv')).toMatch(new RegExp(`^${driver},${driver},[^,]+,mine,2,CREATED$`, 'm'));
    expect(await lxc.ok('storage', 'info', driver)).toMatch(/space used: [\s\S]*total space: [\s\S]*instances:\n {2}- p/);
    expect(await lxc.ok('storage', 'volume', 'list', driver, '-f', 'csv')).toMatch(
      /^container,p,,filesystem,1\nimage,[0-9a-f]{64},,filesystem,1\n$/,
    );
    expect(await lxc.ok('storage', 'volume', 'list', driver, 'type=image', '-f', 'csv')).not.toContain('container');
    expect(await lxc.ok('storage', 'volume', 'show', driver, 'container/p')).toContain('- /1.0/instances/p');
    expect(await lxc.fails('storage', 'delete', driver)).toBe('The storage pool is currently in use');
    await lxc.ok('delete', '-f', 'p');
    await lxc.ok('storage', 'delete', driver);
  });
});
