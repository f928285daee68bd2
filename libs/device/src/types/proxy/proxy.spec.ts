import { describe, expect, it } from 'vitest';
import { type Networks, RecordingDeviceRules } from '#lib/network';
import { FakeDevices, FakeKeeper, FakePlaces } from '#lib/host';
import type { Storage } from '#lib/storage';
import { Attachments, deviceProblems } from '../../index.ts';
import { parseAddress } from './address.ts';

const good = { type: 'proxy', listen: 'tcp:127.0.0.1:8000', connect: 'tcp:127.0.0.1:80' };
const problems = (change: Record<string, string>) => deviceProblems({ d: { ...good, ...change } });

describe('addresses of proxies', () => {
  it.each([
    ['tcp:127.0.0.1:80', [['tcp', '127.0.0.1', 80]]],
    ['udp:[::1]:53', [['udp', '::1', 53]]],
    ['tcp:0.0.0.0:80-82,90', [80, 81, 82, 90].map((port) => ['tcp', '0.0.0.0', port])],
    ['unix:/run/x:y', [['path', '/run/x:y', 0]]],
    ['unix:@name', [['abstract', 'name', 0]]],
  ])('%s is understood', (text, addresses) => {
    const parsed = parseAddress(text);
    expect('addresses' in parsed && parsed.addresses.map(({ kind, host, port }) => [kind, host, port])).toEqual(addresses);
  });

  it.each([
    ['', 'Unknown protocol type ""'],
    ['foo', 'Unknown protocol type "foo"'],
    ['sctp:127.0.0.1:80', 'Unknown protocol type "sctp"'],
    ['tcp:127.0.0.1', 'address 127.0.0.1: missing port in address'],
    ['tcp:localhost:80', 'Not an IP address "localhost"'],
    ['tcp:127.0.0.1:80-70', 'End port should be higher than start port'],
    ['tcp:127.0.0.1:99999', 'Invalid port "99999"'],
    ['tcp:127.0.0.1:0', 'Invalid port "0"'],
    ['tcp:127.0.0.1:1-2000', 'More than 1024 ports'],
    ['unix:', 'Invalid name of a unix socket ""'],
    ['unix:x', 'Not an absolute path "x"'],
    [`unix:/${'x'.repeat(107)}`, `Invalid name of a unix socket "/${'x'.repeat(107)}"`],
  ])('%s is refused', (text, problem) => {
    expect(parseAddress(text)).toEqual({ problem });
    expect(problems({ listen: text })[0]).toBe(`Device validation failed for "d": Invalid value for device option "listen": ${problem}`);
  });
});

describe('proxies', () => {
  it.each([
    [{}],
    [{ listen: 'tcp:127.0.0.1:80-82', connect: 'tcp:127.0.0.1:80' }],
    [{ listen: 'tcp:127.0.0.1:80-82', connect: 'tcp:127.0.0.1:90-92', proxy_protocol: 'true' }],
    [{ listen: 'unix:/run/x', connect: 'unix:@y', mode: '0600', uid: '1', gid: '2', 'security.uid': '3', 'security.gid': '4' }],
    [{ listen: 'udp:127.0.0.1:80', connect: 'udp:127.0.0.1:80', bind: 'instance' }],
  ])('may say %o', (change) => expect(problems(change)).toEqual([]));

  it.each([
    [{ connect: 'tcp:127.0.0.1:80-81' }, 'Mismatch between listen port(s) and connect port(s) count'],
    [{ bind: 'foo' }, 'Invalid value for device option "bind": Invalid binding side given. Must be "host" or "instance"'],
    [{ mode: '0600' }, 'Only proxy devices for non-abstract unix sockets can carry uid, gid, or mode properties'],
    [{ listen: 'unix:@a', uid: '5' }, 'Only proxy devices for non-abstract unix sockets can carry uid, gid, or mode properties'],
    [{ connect: 'unix:/x', proxy_protocol: 'true' }, 'The PROXY header can only be sent to tcp servers in non-nat mode'],
    [{ listen: 'udp:127.0.0.1:80' }, 'Proxying from udp to non-udp protocol is not supported'],
    [{ connect: 'udp:127.0.0.1:80' }, 'Proxying from non-udp to udp protocol is not supported'],
    [{ nat: 'true' }, 'option "nat" is not supported by this server: leave it out, and the connections are carried by a process'],
    [{ colour: 'red' }, 'Invalid device option "colour"'],
  ])('may not say %o', (change, words) => expect(problems(change)).toEqual([`Device validation failed for "d": ${words}`]));

  it('run beside their instance, and leave no socket of theirs on the host', async () => {
    const places = new FakePlaces().add('/run/x', 'other');
    const ports = {
      networks: {} as Networks,
      deviceRules: new RecordingDeviceRules(),
      storage: {} as Storage,
      places,
      devices: new FakeDevices(),
    };
    const attachments = new Attachments(ports, () => {});
    const owner = { id: 'i', project: 'default', name: 'c1', volatile: {} };
    const d = { ...good, listen: 'unix:/run/x', bind: 'host', uid: '5', mode: '0600', 'security.gid': '4' };
    const { attached } = await attachments.choose(owner, { d });
    const keeper = new FakeKeeper({ id: 'i', initPid: 1, startedAt: 0, reboots: 0 } as never);
    await attachments.plug(keeper, owner, attached);
    // Of a daemon that was killed between: it is there already.
    await attachments.accompany(keeper, attached);
    expect([...keeper.proxies.values()]).toEqual([
      {
        name: 'd',
        listens: 'host',
        listen: [{ kind: 'path', host: '/run/x', port: 0 }],
        connect: [{ kind: 'tcp', host: '127.0.0.1', port: 80 }],
        header: false,
        owner: { mode: 0o600, uid: 5, gid: 0 },
        uid: 0,
        gid: 4,
      },
    ]);
    await attachments.unplug(keeper, owner, attached);
    expect([...keeper.proxies.keys(), ...places.places.keys()]).toEqual([]);
    keeper.refused = 'd';
    await expect(attachments.plug(keeper, owner, attached)).rejects.toThrow('Failed to start device "d": EBUSY');
  });
});
