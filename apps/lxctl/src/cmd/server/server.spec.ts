import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { instance } from '../../testing/instance.ts';
import { lxctl } from '../../testing/lxctl.ts';
import { pretty } from './monitor.ts';

describe('query', () => {
  it('prints metadata, raw answers and finished operations', async () => {
    const server = new FakeServer()
      .sync('GET /1.0/x', { a: 1 })
      .operation('DELETE /1.0/instances/c1', { running: true, metadata: { done: true } });
    expect((await lxctl(server, 'query /1.0/x')).out).toBe('{\n\t"a": 1\n}\n');
    expect((await lxctl(server, 'query --raw /1.0/x')).out).toBe('{"type":"sync","metadata":{"a":1}}');
    expect(JSON.parse((await lxctl(server, 'query -X delete --wait /1.0/instances/c1')).out)).toMatchObject({ status_code: 200 });
    expect((await lxctl(server, 'query 1.0')).err).toContain('begins with a slash');
    expect((await lxctl(server, 'query /none')).code).toBe(1);
  });
});

describe('monitor', () => {
  it('shows events until the stream ends or the user does', async () => {
    const server = new FakeServer();
    const run = lxctl(server, 'monitor --type lifecycle --type operation -f json', (io) => {
      setImmediate(() => {
        server.sockets[0]?.receive('{"type":"lifecycle","timestamp":"t","metadata":{}}', false);
        io.signals.emit('SIGINT');
      });
    });
    expect(await run).toEqual({ code: 0, out: '{"type":"lifecycle","timestamp":"t","metadata":{}}\n', err: '' });
    expect(server.sockets[0]?.path).toBe('/1.0/events?type=lifecycle%2Coperation');
  });

  it('has a line for each kind of event', () => {
    const base = { timestamp: 'T', location: '', project: 'default' };
    expect(pretty({ ...base, type: 'logging', metadata: { level: 'info', message: 'hello', context: { a: '1' } } })).toBe(
      'T INFO hello a=1',
    );
    expect(pretty({ ...base, type: 'lifecycle', metadata: { action: 'instance-started', source: '/1.0/instances/c1' } })).toBe(
      'T LIFECYCLE instance-started /1.0/instances/c1',
    );
    expect(
      pretty({ ...base, type: 'operation', metadata: { id: 'x', description: 'Starting instance', status: 'Failure', err: 'no' } }),
    ).toBe('T OPERATION x Starting instance: Failure: no');
  });
});

describe('info', () => {
  it('tells all of an instance', async () => {
    const server = new FakeServer()
      .sync('GET /1.0/instances/c1?recursion=1', instance())
      .raw('GET /1.0/instances/c1/logs/lxc.log', 'one\ntwo\n');
    expect((await lxctl(server, 'info c1 --show-log')).out).toMatchInlineSnapshot(`
      "Name: c1
      Status: RUNNING
      Type: container
      Architecture: x86_64
      PID: 4711
      Created: 2026/01/01 10:00 UTC
      Last Used: 

      Resources:
        Processes: 5
        Disk usage:
          root: 1.50KiB
        CPU usage:
          CPU usage (in seconds): 2
        Memory usage:
          Memory (current): 50.00MiB
        Network usage:
          lo:
            Type: loopback
            State: UP
            MTU: 1500
            Bytes received: 1.50kB
            Bytes sent: 0B
            Packets received: 3
            Packets sent: 0
            IP addresses:
              inet:  127.0.0.1/24 (local)
          eth0:
            Type: broadcast
            State: UP
            Host interface: veth1
            MAC address: 00:16:3e:00:00:01
            MTU: 1500
            Bytes received: 1.50kB
            Bytes sent: 0B
            Packets received: 3
            Packets sent: 0
            IP addresses:
              inet:  10.0.0.2/24 (global)
              inet6: fe80::1/24 (link)
              inet6: fd42::2/24 (global)

      Log:

      one
      two
      "
    `);
  });
});
