import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lxcInstalled, StockLxc } from './stock-lxc.ts';

let lxc: StockLxc;
let bridge: string;

describe.skipIf(!lxcInstalled)("configuration with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    lxc = await StockLxc.start();
    bridge = (await lxc.ok('network', 'list', '-f', 'csv')).match(/^(lxctlbr\d+),bridge,YES/m)?.[1] ?? '';
    await lxc.ok('launch', 'busybox', 'x', '-c', 'user.color=red');
  });
  afterAll(() => lxc.stop());

  it('sets, gets and unsets keys', async () => {
    await lxc.ok('config', 'set', 'x', 'limits.memory', '100MiB');
    expect(await lxc.ok('config', 'get', 'x', 'limits.memory')).toBe('100MiB\n');
    await lxc.ok('config', 'set', 'x', 'limits.memory=90MiB', 'user.a=b');
    expect(await lxc.fails('config', 'set', 'x', 'limits.memory', 'banana')).toMatch(/limits\.memory/);
    expect(await lxc.fails('config', 'set', 'x', 'nonsense=1')).toBe('Unknown configuration key: nonsense');
    expect(await lxc.fails('config', 'set', 'x', 'raw.lxc=1')).toMatch(
      /^Configuration key not supported by this server: raw\.lxc \(liblxc is not used here/,
    );
    await lxc.ok('config', 'unset', 'x', 'limits.memory');
    expect(await lxc.fails('config', 'unset', 'x', 'limits.memory')).toMatch(/not currently set/);
    expect(await lxc.ok('config', 'show', 'x')).toContain('user.a: b');
    expect(await lxc.ok('config', 'show', '-e', 'x')).toContain(`network: ${bridge}`);
  });

  it('edits in an editor and from the standard input', async () => {
    const editor = await lxc.editor('s/color: red/color: blue/');
    const shell = lxc.terminal('config edit x', { EDITOR: editor });
    expect(await shell.code()).toBe(0);
    expect(await lxc.ok('config', 'get', 'x', 'user.color')).toBe('blue\n');
    await lxc.feed((await lxc.ok('config', 'show', 'x')).replace('blue', 'green'), 'config', 'edit', 'x');
    expect(await lxc.ok('config', 'get', 'x', 'user.color')).toBe('green\n');
  });

  it('shows and edits metadata and templates', async () => {
    expect(await lxc.ok('config', 'metadata', 'show', 'x')).toContain('architecture: x86_64\n');
    await lxc.feed('architecture: x86_64\nproperties: {os: mine}\n', 'config', 'metadata', 'edit', 'x');
    expect(await lxc.ok('config', 'metadata', 'show', 'x')).toContain('os: mine\n');
    await lxc.ok('config', 'template', 'create', 'x', 'a.tpl');
    await lxc.feed('{{ container.name }}\n', 'config', 'template', 'edit', 'x', 'a.tpl');
    expect(await lxc.ok('config', 'template', 'show', 'x', 'a.tpl')).toContain('{{ container.name }}\n');
    expect(await lxc.ok('config', 'template', 'list', 'x', '-f', 'csv')).toBe('a.tpl\n');
    expect(await lxc.fails('config', 'template', 'show', 'x', 'b.tpl')).toBe('Template "b.tpl" not found');
    await lxc.ok('config', 'template', 'delete', 'x', 'a.tpl');
    expect(await lxc.ok('config', 'template', 'list', 'x', '-f', 'csv')).toBe('');
  });

  it("keeps the server's own keys", async () => {
    await lxc.ok('config', 'set', 'core.shutdown_timeout', '3');
    expect(await lxc.ok('config', 'get', 'core.shutdown_timeout')).toBe('3\n');
    expect(await lxc.ok('config', 'show')).toContain('core.shutdown_timeout: "3"');
    await lxc.feed('config: {user.a: "1"}\n', 'config', 'edit');
    expect(await lxc.ok('config', 'show')).toBe('config:\n  user.a: "1"\n');
    await lxc.ok('config', 'unset', 'user.a');
    expect(await lxc.fails('config', 'set', 'core.https_address', ':8443')).toBe(
      'Configuration key not supported by this server: core.https_address',
    );
    expect(await lxc.fails('config', 'set', 'core.nonsense', '1')).toBe("cannot set 'core.nonsense' to '1': unknown key");
    expect(await lxc.ok('config', 'trust', 'list', '-f', 'csv')).toBe('');
    expect(await lxc.ok('config', 'trust', 'list-tokens', '-f', 'csv')).toBe('');
  });

  it('changes devices of a running instance', async () => {
    expect(await lxc.fails('config', 'device', 'add', 'x', 'd', 'disk', 'source=/no/such', 'path=/d')).toMatch(
      /Missing source path "\/no\/such" for disk "d"/,
    );
    expect(await lxc.ok('config', 'device', 'add', 'x', 'd', 'disk', 'source=/etc', 'path=/of-host', 'readonly=true')).toBe(
      'Device d added to x\n',
    );
    expect(await lxc.ok('exec', 'x', '--', 'ls', '/of-host/passwd')).toBe('/of-host/passwd\n');
    await lxc.ok('config', 'device', 'set', 'x', 'd', 'path=/elsewhere');
    await lxc.ok('config', 'device', 'set', 'x', 'd', 'limits.read=10MB', 'propagation=rslave');
    expect(await lxc.ok('exec', 'x', '--', 'ls', '/of-host', '/elsewhere/passwd')).toContain('/elsewhere/passwd\n');
    await lxc.ok('config', 'device', 'add', 'x', 'eth7', 'nic', 'nictype=p2p', 'name=eth7');
    expect(await lxc.ok('exec', 'x', '--', 'cat', '/sys/class/net/eth7/operstate')).toMatch(/up|down/);
    expect(await lxc.ok('config', 'device', 'remove', 'x', 'd', 'eth7')).toBe('Device d, eth7 removed from x\n');
    expect(await lxc.ok('exec', 'x', '--', 'ls', '/elsewhere', '/sys/class/net')).not.toMatch(/passwd|eth7/);
  });

  it('adds a proxy to a running instance', async () => {
    const socket = `unix:${lxc.home}/front`;
    expect(await lxc.fails('config', 'device', 'add', 'x', 'p', 'proxy', 'listen=tcp:localhost:80', 'connect=tcp:127.0.0.1:80')).toMatch(
      /Device validation failed for "p": Invalid value for device option "listen": Not an IP address "localhost"$/,
    );
    expect(await lxc.ok('config', 'device', 'add', 'x', 'p', 'proxy', `listen=${socket}`, 'connect=tcp:127.0.0.1:80', 'mode=0600')).toBe(
      'Device p added to x\n',
    );
    expect(await lxc.ok('config', 'device', 'get', 'x', 'p', 'listen')).toBe(`${socket}\n`);
    await lxc.ok('config', 'device', 'remove', 'x', 'p');
  });

  it('changes devices of a stopped instance', async () => {
    expect(await lxc.ok('config', 'device', 'show', 'x')).toBe('{}\n');
    await lxc.ok('stop', '-f', 'x');
    expect(await lxc.ok('config', 'device', 'add', 'x', 'eth1', 'nic', `network=${bridge}`, 'name=eth1')).toBe('Device eth1 added to x\n');
    await lxc.ok('config', 'device', 'override', 'x', 'eth0', 'name=lan0');
    // The client lists them in no order of its own.
    expect((await lxc.ok('config', 'device', 'list', 'x')).trim().split('\n').sort()).toEqual(['eth0', 'eth1']);
    expect(await lxc.ok('config', 'device', 'get', 'x', 'eth1', 'network')).toBe(`${bridge}\n`);
    await lxc.ok('config', 'device', 'set', 'x', 'eth1', 'name', 'eth9');
    await lxc.ok('start', 'x');
    expect(await lxc.ok('info', 'x')).toMatch(/eth9:[\s\S]*|lan0:/);
    await lxc.ok('stop', '-f', 'x');
    await lxc.ok('config', 'device', 'unset', 'x', 'eth1', 'name');
    await lxc.ok('config', 'device', 'remove', 'x', 'eth0', 'eth1');
    expect(await lxc.fails('config', 'device', 'remove', 'x', 'nope')).toMatch(/doesn't exist/);
    expect(await lxc.fails('config', 'device', 'add', 'x', 'foo', 'bogus')).toMatch(/Unsupported device type "bogus"/);
    expect(await lxc.fails('config', 'device', 'add', 'x', 'tpm', 'tpm')).toMatch(/Device type "tpm" is not supported by this server/);
    expect(await lxc.fails('config', 'device', 'add', 'x', 'u', 'unix-hotplug')).toMatch(
      /Unix hotplug devices require a vendorid or a productid$/,
    );
    await lxc.ok('config', 'device', 'add', 'x', 'u', 'unix-hotplug', 'vendorid=0403');
    await lxc.ok('config', 'device', 'add', 'x', 'usb', 'usb', 'vendorid=0403', 'productid=6001');
    await lxc.ok('config', 'device', 'add', 'x', 'gpu', 'gpu', 'id=0');
    await lxc.ok('config', 'device', 'remove', 'x', 'u', 'usb', 'gpu');
    await lxc.ok('start', 'x');
  });

  it('manages profiles with every verb', async () => {
    await lxc.ok('profile', 'create', 'small');
    expect(await lxc.fails('profile', 'create', 'small')).toBe('The profile "small" already exists');
    await lxc.feed('config: {user.p: "1"}\ndescription: my own\ndevices: {}\n', 'profile', 'edit', 'small');
    await lxc.ok('profile', 'set', 'small', 'limits.memory=64MiB', 'user.q=2');
    expect(await lxc.fails('profile', 'set', 'small', 'limits.memory', 'banana')).toMatch(/limits\.memory/);
    expect(await lxc.ok('profile', 'get', 'small', 'limits.memory')).toBe('64MiB\n');
    await lxc.ok('profile', 'unset', 'small', 'user.q');
    await lxc.ok('profile', 'device', 'add', 'small', 'eth7', 'nic', `network=${bridge}`, 'name=eth7');
    await lxc.ok('profile', 'device', 'set', 'small', 'eth7', 'name=eth8');
    expect(await lxc.ok('profile', 'device', 'get', 'small', 'eth7', 'name')).toBe('eth8\n');
    expect(await lxc.ok('profile', 'device', 'list', 'small')).toBe('eth7\n');
    expect(await lxc.ok('profile', 'device', 'show', 'small')).toContain('name: eth8');
    await lxc.ok('profile', 'device', 'unset', 'small', 'eth7', 'name');
    await lxc.ok('profile', 'device', 'remove', 'small', 'eth7');
    expect(await lxc.ok('profile', 'show', 'small')).toBe(
      'config:\n  limits.memory: 64MiB\n  user.p: "1"\ndescription: my own\ndevices: {}\nname: small\nused_by: []\n',
    );
    await lxc.ok('profile', 'copy', 'small', 'copy');
    await lxc.ok('profile', 'rename', 'copy', 'other');
    expect(await lxc.fails('profile', 'rename', 'other', 'small')).toBe('Name "small" already in use');
    expect(await lxc.fails('profile', 'delete', 'default')).toBe("The 'default' profile cannot be deleted");
  });

  it('gives profiles to instances and takes them away', async () => {
    await lxc.ok('profile', 'add', 'x', 'small');
    expect(await lxc.ok('config', 'show', '-e', 'x')).toContain('limits.memory: 64MiB');
    expect(await lxc.ok('profile', 'list', '-f', 'csv')).toMatch(/^small,my own,1$/m);
    expect(await lxc.fails('profile', 'delete', 'small')).toMatch(/currently in use/);
    await lxc.ok('profile', 'remove', 'x', 'small');
    await lxc.ok('profile', 'assign', 'x', 'default,small,other');
    await lxc.ok('profile', 'assign', 'x', 'default');
    expect(await lxc.fails('profile', 'add', 'x', 'nope')).toBe('Requested profile "nope" doesn\'t exist');
    expect(await lxc.fails('profile', 'assign', 'x', '')).toMatch(/No root device could be found/);
    await lxc.ok('profile', 'rename', 'other', 'of two words');
    await lxc.ok('profile', 'assign', 'x', 'default,of two words');
    expect(await lxc.ok('config', 'show', 'x')).toContain('- of two words');
    expect(await lxc.ok('profile', 'show', 'of two words')).toContain('- /1.0/instances/x');
    await lxc.ok('profile', 'remove', 'x', 'of two words');
    await lxc.ok('profile', 'delete', 'small');
    await lxc.ok('profile', 'delete', 'of two words');
    expect(await lxc.fails('profile', 'show', 'small')).toBe('Profile not found');
  });
});
