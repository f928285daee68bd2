import { describe, expect, it } from 'vitest';
import type { LaunchPlan } from '../launch-plan.ts';
import type { LinkLimits } from '../link-plan.ts';
import { ByteWriter } from './bytes.ts';
import { encodeLink } from './encode-link.ts';
import { encodePlan, encodeRoom } from './encode-plan.ts';

const plan: LaunchPlan = {
  id: 'ab',
  name: 'c',
  runDir: '/r',
  namespaces: ['user', 'mount', 'pid', 'net', 'ipc', 'uts', 'cgroup'],
  idMap: { uid: [{ inside: 0, outside: 1000000, count: 65536 }], gid: [] },
  cgroups: { create: [{ path: '/g', delegate: true }], write: [{ path: '/g/x', value: '1' }], cloneInto: '/g', join: ['/j'], remove: [] },
  layers: [
    { path: '/l', idmapped: true, readonly: false, optional: true },
    {
      path: '/n',
      idmapped: false,
      readonly: true,
      optional: false,
      recursive: true,
      plain: true,
      node: { kind: 'block', major: 7, minor: 1, mode: 0o640, uid: 3, gid: 4 },
    },
  ],
  links: [
    { kind: 'veth', hostName: 'v', name: 'e', bridge: 'b', mac: 'm', hostMac: null, mtu: 9000 },
    { kind: 'macvlan', parent: 'p', name: 'f', mac: null, mtu: null },
    { kind: 'physical', parent: 'p', name: 'g', mac: null, mtu: null },
    { kind: 'ipvlan', parent: 'p', mode: 'l3s', name: 'h', mac: null, mtu: null },
    { kind: 'vlan', parent: 'p', id: 258, name: 'i', mac: null, mtu: null },
  ],
  root: { kind: 'overlay', lower: [0, 2], upper: 1 },
  mounts: [
    { op: 'fs', fstype: 'proc', source: 's', target: '/p', flags: ['nosuid', 'strictatime'], data: 'd', early: true },
    { op: 'layer', layer: 3, target: '/t', create: 'file', flags: ['readonly', 'slave'] },
    { op: 'mkdir', target: '/d', mode: 0o1777 },
    { op: 'symlink', target: '/s', to: 'x' },
    { op: 'console', target: '/c' },
    { op: 'file', target: '/f', content: Buffer.from('t'), mode: 0o644, createOnly: true, once: false },
  ],
  hostname: 'h',
  rlimits: [{ resource: 'core', soft: 0, hard: null }],
  sysctls: [{ key: 'k', value: 'v' }],
  dropCapabilities: [22],
  seccomp: new Uint8Array([9, 8]),
  init: { argv: ['/i'], env: ['A=ü'], cwd: '/', uid: 1, gid: 2 },
  console: { ringBytes: 65536, columns: 80, rows: 25, logPath: '/o' },
};

/** A text as it lies on the wire. */
function text(value: string): string {
  const bytes = Buffer.from(value);
  return `${word(bytes.length) + bytes.toString('hex')}00`;
}

function word(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString('hex');
}

describe('encodePlan', () => {
  it('lays a plan out in the order of the decoder', () => {
    const parts = [
      [word(5), text('ab'), text('c'), text('/r'), word(0b1111111)],
      [word(1), word(0), word(1000000), word(65536), word(0)],
      [word(1), text('/g'), '01', word(1), text('/g/x'), text('1'), '01', text('/g'), word(1), text('/j'), word(0)],
      [word(2), text('/l'), '01', '00', '01', '00', '00', '00'],
      [text('/n'), '00', '01', '00', '01', '01', '01', '01', word(7), word(1), word(0o640), word(3), word(4)],
      [word(5), '00', text('e'), '01', text('m'), '01', word(9000), text('v'), '00', '01', text('b')],
      ['01', text('f'), '0000', text('p')],
      ['02', text('g'), '0000', text('p')],
      ['03', text('h'), '0000', text('p'), '0200'],
      ['04', text('i'), '0000', text('p'), '0201'],
      ['00', word(2), word(0), word(2), word(1)],
      [word(6), '00', text('/p'), text('proc'), text('s'), text('d'), '01', word(0b100010)],
      ['01', text('/t'), word(3), '01', word(0b1000001)],
      ['02', text('/d'), word(0o1777)],
      ['03', text('/s'), text('x')],
      ['04', text('/c')],
      ['05', text('/f'), word(1), '74', word(0o644), '01', '00'],
      [text('h'), word(1), text('core'), '0000000000000000', 'ffffffffffffffff'],
      [word(1), text('k'), text('v'), word(1), word(22), word(2), '0908'],
      [word(1), text('/i'), word(1), text('A=ü'), text('/'), word(1), word(2)],
      [word(65536), '5000', '1900', text('/o')],
    ];
    expect(encodePlan(plan).toString('hex')).toBe(parts.flat().join(''));
  });

  it('says limits of a link only where there are some, so that older keepers can be asked for the others', () => {
    const link = { kind: 'veth', hostName: 'v', hostMac: null, bridge: null, name: 'e', mac: null, mtu: null } as const;
    const bytes = (limits?: LinkLimits) => {
      const out = new ByteWriter();
      encodeLink(out, { ...link, limits });
      return out.done().toString('hex');
    };
    expect(bytes()).toBe(['00', text('e'), '0000', text('v'), '0000'].join(''));
    expect(bytes({ in: null, out: null })).toBe(bytes());
    expect(bytes({ in: 255, out: null })).toBe(['80', text('e'), '0000', word(255), word(0), word(0), word(0), text('v'), '0000'].join(''));
  });

  it('lays out of a room what it has, in the same way', () => {
    const parts = [
      [word(5), text('ab'), text('c'), text('/r'), word(0b1111111)],
      [word(1), word(0), word(1000000), word(65536), word(0)],
      [word(2), text('/l'), '01', '00', '01', '00', '00', '00'],
      [text('/n'), '00', '01', '00', '01', '01', '01', '01', word(7), word(1), word(0o640), word(3), word(4)],
      ['00', word(2), word(0), word(2), word(1)],
      [word(1), word(22), word(2), '0908'],
    ];
    expect(encodeRoom(plan).toString('hex')).toBe(parts.flat().join(''));
  });

  it('writes a bound root as one layer', () => {
    const bytes = encodePlan({ ...plan, root: { kind: 'bind', layer: 7 } }).toString('hex');
    expect(bytes).toContain(['01', word(1), word(7), word(0)].join(''));
  });

  it('takes plans larger than its first buffer', () => {
    const long = 'x'.repeat(20_000);
    expect(encodePlan({ ...plan, name: long }).toString()).toContain(long);
  });
});
