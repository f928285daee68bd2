import type { WireInstanceFull, WireInstanceState, WireInstanceStateNetwork } from '#lib/contract';
import { drawTable } from '../../../output/table.ts';
import { bytes, decimalBytes, moment } from '../../../output/units.ts';

/** What `info` shows of an instance, in the layout scripts know from `lxc info`. */
export function describeInstance(instance: WireInstanceFull): string {
  const { state } = instance;
  const lines = [
    `Name: ${instance.name}`,
    ...(instance.description ? [`Description: ${instance.description}`] : []),
    `Status: ${instance.status.toUpperCase()}`,
    `Type: ${instance.type}${instance.ephemeral ? ' (ephemeral)' : ''}`,
    `Architecture: ${instance.architecture}`,
    ...(state && state.pid > 0 ? [`PID: ${state.pid}`] : []),
    `Created: ${moment(instance.created_at)}`,
    `Last Used: ${moment(instance.last_used_at)}`,
    ...(state && state.pid > 0 ? ['', 'Resources:', ...resources(state)] : []),
  ];
  if (instance.snapshots?.length) {
    const rows = instance.snapshots.map((snapshot) => [
      snapshot.name.split('/').pop() ?? '',
      moment(snapshot.created_at),
      moment(snapshot.expires_at),
      snapshot.stateful ? 'YES' : 'NO',
    ]);
    lines.push('', 'Snapshots:', drawTable(['NAME', 'TAKEN AT', 'EXPIRES AT', 'STATEFUL'], rows));
  }
  return lines.join('\n');
}

function resources(state: WireInstanceState): string[] {
  const lines: string[] = [];
  if (state.processes >= 0) lines.push(`  Processes: ${state.processes}`);
  const disks = Object.entries(state.disk ?? {}).filter(([, disk]) => disk.usage > 0);
  if (disks.length > 0) lines.push('  Disk usage:', ...disks.map(([device, disk]) => `    ${device}: ${bytes(disk.usage)}`));
  if (state.cpu?.usage) lines.push('  CPU usage:', `    CPU usage (in seconds): ${Math.floor(state.cpu.usage / 1e9)}`);
  const memory = (
    [
      ['Memory (current)', state.memory?.usage],
      ['Memory (peak)', state.memory?.usage_peak],
      ['Swap (current)', state.memory?.swap_usage],
      ['Swap (peak)', state.memory?.swap_usage_peak],
    ] as const
  ).filter(([, used]) => used);
  if (memory.length > 0) lines.push('  Memory usage:', ...memory.map(([label, used]) => `    ${label}: ${bytes(used ?? 0)}`));
  const networks = Object.entries(state.network ?? {});
  if (networks.length > 0) lines.push('  Network usage:', ...networks.flatMap(([device, network]) => [`    ${device}:`, ...link(network)]));
  return lines;
}

function link(network: WireInstanceStateNetwork): string[] {
  const { counters } = network;
  const of = (family: string) =>
    network.addresses
      .filter((address) => address.family === family)
      .map(({ address, netmask, scope }) => `        ${family}:${family === 'inet' ? ' ' : ''} ${address}/${netmask} (${scope})`);
  return [
    `      Type: ${network.type}`,
    `      State: ${network.state.toUpperCase()}`,
    ...(network.host_name ? [`      Host interface: ${network.host_name}`] : []),
    ...(network.hwaddr ? [`      MAC address: ${network.hwaddr}`] : []),
    ...(network.mtu ? [`      MTU: ${network.mtu}`] : []),
    `      Bytes received: ${decimalBytes(counters.bytes_received)}`,
    `      Bytes sent: ${decimalBytes(counters.bytes_sent)}`,
    `      Packets received: ${counters.packets_received}`,
    `      Packets sent: ${counters.packets_sent}`,
    '      IP addresses:',
    ...of('inet'),
    ...of('inet6'),
  ];
}
