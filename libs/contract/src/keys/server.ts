import type { StringMap } from '#lib/base';
import { defineKeys, keyRow, validateConfig } from './define.ts';
import { bool, compression, integer, keyType, text } from './types.ts';

/** undici speaks to no other proxies. */
const proxyUrl = keyType(
  'the URL of a proxy such as http://proxy:3128',
  (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
);

/** Keys of the server's own config (`/1.0`). */
export const serverKeys = defineKeys('server', {
  'core.shutdown_timeout': {
    type: integer({ min: 0, max: 100_000 }),
    doc: 'Minutes that a shutdown of the server waits for running operations before it goes on without them.',
    default: '5',
    live: true,
    since: '0.1.0',
  },
  'backups.compression_algorithm': {
    type: compression,
    doc: 'What backups are compressed with.',
    default: 'gzip',
    live: true,
    since: '0.1.0',
  },
  'images.compression_algorithm': {
    type: compression,
    doc: 'What images are compressed with that are made of instances.',
    default: 'gzip',
    live: true,
    since: '0.1.0',
  },
  'images.auto_update_interval': {
    type: integer({ min: 0, max: 100_000 }),
    doc: 'Hours between two looks whether there are newer ones of images that came from other servers; 0 for none.',
    default: '6',
    live: true,
    since: '0.1.0',
  },
  'images.auto_update_cached': {
    type: bool,
    doc: 'Whether images that came for an instance are exchanged for newer ones, too.',
    default: 'true',
    live: true,
    since: '0.1.0',
  },
  'images.remote_cache_expiry': {
    type: integer({ min: 0, max: 100_000 }),
    doc: 'Days that an image which came for an instance is kept when no instance is made of it; 0 to keep it.',
    default: '10',
    live: true,
    since: '0.1.0',
  },
  'core.proxy_http': {
    type: proxyUrl,
    doc: 'The proxy for http URLs; unset: as the environment of the daemon says (http_proxy).',
    live: true,
    since: '0.1.0',
  },
  'core.proxy_https': {
    type: proxyUrl,
    doc: 'The proxy by which image servers are reached; unset: as the environment of the daemon says (https_proxy).',
    live: true,
    since: '0.1.0',
  },
  'core.proxy_ignore_hosts': {
    type: text,
    doc: 'Hosts that are reached without a proxy, separated by commas; unset: as the environment of the daemon says (no_proxy).',
    live: true,
    since: '0.1.0',
  },
  'user.*': { type: text, doc: 'Free for your own use; shown, never read.', live: true, since: '0.1.0' },
});

/** Keys of LXD (or the beginnings of their names) that this version refuses because nothing would act on them. */
const unsupported = [
  'acme.',
  'authorization.',
  'candid.',
  'cluster.',
  'core.auth_secret_expiry',
  'core.bgp_',
  'core.debug_address',
  'core.dns_address',
  'core.https_',
  'core.metrics_',
  'core.remote_token_expiry',
  'core.shutdown_action',
  'core.storage_buckets_address',
  'core.syslog_socket',
  'core.trust_',
  'images.default_architecture',
  'instances.',
  'logging.',
  'loki.',
  'maas.',
  'network.',
  'oidc.',
  'rbac.',
  'storage.',
];

/** Every problem of a server's config; a key that LXD has and this server not is told from an unknown one. */
export function serverConfigProblems(config: StringMap): string[] {
  const foreign = (key: string) => keyRow(serverKeys, key) === null && unsupported.some((prefix) => key.startsWith(prefix));
  const known = Object.fromEntries(Object.entries(config).filter(([key]) => !foreign(key)));
  return [
    ...Object.keys(config)
      .filter(foreign)
      .map((key) => `Configuration key not supported by this server: ${key}`),
    ...validateConfig(serverKeys, known, {
      unknown: (key, value) => `cannot set '${key}' to '${value}': unknown key`,
      invalid: (key, value, type) => `cannot set '${key}' to '${value}': it must be ${type.name}`,
    }),
  ];
}
