import type { WireInstanceFull } from '#lib/contract';

/** A running container with one address. */
export function instance(change: Partial<WireInstanceFull> = {}): WireInstanceFull {
  const counters = {
    bytes_received: 1500,
    bytes_sent: 0,
    packets_received: 3,
    packets_sent: 0,
    errors_received: 0,
    errors_sent: 0,
    packets_dropped_inbound: 0,
    packets_dropped_outbound: 0,
  };
  const link = { counters, mtu: 1500, state: 'up' as const };
  const address = (family: 'inet' | 'inet6', text: string, scope: 'global' | 'link' | 'local') => ({
    family,
    address: text,
    netmask: '24',
    scope,
  });
  return {
    name: 'c1',
    description: '',
    status: 'Running',
    status_code: 103,
    created_at: '2026-01-01T10:00:00Z',
    last_used_at: '1970-01-01T00:00:00Z',
    location: 'none',
    type: 'container',
    project: 'default',
    architecture: 'x86_64',
    ephemeral: false,
    stateful: false,
    profiles: ['default'],
    config: { 'volatile.base_image': 'f00dfacef00dfacef00d' },
    devices: {},
    expanded_config: { 'limits.memory': '100MiB', 'user.role': 'web', 'security.privileged': 'true' },
    expanded_devices: { root: { type: 'disk', path: '/', pool: 'default' }, eth0: { type: 'nic', network: 'lxctlbr0' } },
    backups: [],
    snapshots: [],
    state: {
      status: 'Running',
      status_code: 103,
      pid: 4711,
      processes: 5,
      cpu: { usage: 2_500_000_000 },
      disk: { root: { usage: 1536 } },
      memory: { usage: 50 * 1024 * 1024, usage_peak: 0, swap_usage: 0, swap_usage_peak: 0 },
      network: {
        lo: { ...link, type: 'loopback', hwaddr: '', host_name: '', addresses: [address('inet', '127.0.0.1', 'local')] },
        eth0: {
          ...link,
          type: 'broadcast',
          hwaddr: '00:16:3e:00:00:01',
          host_name: 'veth1',
          addresses: [address('inet', '10.0.0.2', 'global'), address('inet6', 'fe80::1', 'link'), address('inet6', 'fd42::2', 'global')],
        },
      },
    },
    ...change,
  };
}
