import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { WireServerEnvironment } from '#lib/contract';
import type { Storage } from '#lib/storage';
import type { ServerCertificate } from './certificate.ts';

/**
 * The level of LXD's API that this server speaks. Clients (Terraform's provider, pylxd, lxd-ui) read `server_version` as
 * that, and refuse less than 5.0.0; lxctl's own version is `driver_version`.
 */
export const apiLevel = '5.0.2';

/** Personalities that a kernel runs besides its own. */
const architectures: Record<string, string[]> = {
  x86_64: ['x86_64', 'i686'],
  aarch64: ['aarch64', 'armv7l'],
};

export interface EnvironmentFacts {
  version: string;
  /** os-release(5). */
  release: Record<string, string>;
  project: string;
  certificate: ServerCertificate;
  pools: readonly { driver: string }[];
  drivers: Storage['drivers'];
}

/** `environment` of `GET /1.0` (API section 2.11). */
export function environment(facts: EnvironmentFacts): WireServerEnvironment {
  const { release } = facts;
  const machine = os.machine();
  const used = [...new Set(facts.pools.map((pool) => pool.driver))];
  const versionOf = (driver: string) => facts.drivers.find(({ name }) => name === driver)?.version ?? '';
  return {
    addresses: [],
    architectures: architectures[machine] ?? [machine],
    certificate: facts.certificate.pem,
    certificate_fingerprint: facts.certificate.fingerprint,
    driver: 'lxctl',
    driver_version: facts.version,
    firewall: 'nftables',
    kernel: os.type(),
    kernel_architecture: machine,
    kernel_features: {},
    kernel_version: os.release(),
    lxc_features: {},
    os_name: release.NAME ?? os.type(),
    os_version: release.VERSION_ID ?? '',
    project: facts.project,
    server: 'lxctl',
    server_clustered: false,
    server_event_mode: 'full-mesh',
    server_name: os.hostname(),
    server_pid: process.pid,
    server_version: apiLevel,
    storage: used.join(' | '),
    storage_version: used.map(versionOf).join(' | '),
    storage_supported_drivers: facts.drivers.map(({ name, version, remote }) => ({ Name: name, Version: version, Remote: remote })),
  };
}

/** os-release(5): KEY=value, the value perhaps in quotes. */
export function osRelease(path = '/etc/os-release'): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return {};
  }
  const entries = [...text.matchAll(/^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/gm)];
  return Object.fromEntries(entries.map(([, key = '', double, single, bare]) => [key, double ?? single ?? bare ?? '']));
}
