import { defineKeys, keyTypes } from '#lib/contract';
import type { DeviceType } from '../../device-type.ts';
import { proxyLife } from './life.ts';
import { proxyProblems } from './problems.ts';

const { bool, integer, keyType, oneOf, text } = keyTypes;
const id = integer({ min: 0, max: 0xfffffffe });
const mode = keyType('an octal number', (value) => /^0?[0-7]{3}$/.test(value));
const address = 'tcp:127.0.0.1:80, udp:[::1]:53, unix:/run/x or unix:@name, with ports such as 80-81,90';

/** Connections carried between the host and the instance. */
export const proxy: DeviceType = {
  catalogue: defineKeys('device.proxy', {
    type: { type: oneOf('proxy'), doc: 'What the device is.', live: false },
    listen: { type: text, doc: `Where it listens: ${address}.`, live: false },
    connect: { type: text, doc: 'Where it connects to, by the other side: as many as `listen` says, or one for all.', live: false },
    bind: { type: text, doc: 'The side that listens: `host` or `instance`.', default: 'host', live: false },
    nat: { type: bool, doc: 'By address translation of the kernel: not supported by this server.', default: 'false', live: false },
    proxy_protocol: {
      type: bool,
      doc: 'Whether the target is told who the client is, by the PROXY protocol, version 1.',
      default: 'false',
      live: false,
    },
    mode: { type: mode, doc: 'Permissions of a unix socket that listens at a path.', default: '0644', live: false },
    uid: { type: id, doc: 'Owner of a unix socket that listens at a path.', default: '0', live: false },
    gid: { type: id, doc: 'Group of a unix socket that listens at a path.', default: '0', live: false },
    'security.uid': { type: id, doc: 'Who connects.', default: '0', live: false },
    'security.gid': { type: id, doc: 'The group of who connects.', default: '0', live: false },
  }),
  unsupported: [],
  problems: proxyProblems,
  life: proxyLife,
};
