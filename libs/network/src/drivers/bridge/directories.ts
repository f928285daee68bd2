import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a network's directory and that of its host entries, which dnsmasq reads as an unprivileged user. `closed`: the
 * first directory on the way there that others may not pass through, null when there is none. `made`: that of the host
 * entries was not there.
 */
export async function makeDirectories(network: string, hosts: string): Promise<{ closed: string | null; made: boolean }> {
  const networks = dirname(network);
  // Modes are set apart from the making, which the umask would trim.
  let made = false;
  for (const [directory, mode] of [
    [networks, 0o711],
    [network, 0o755],
    [hosts, 0o755],
  ] as const) {
    made = (await mkdir(directory, { recursive: true })) !== undefined;
    await chmod(directory, mode);
  }
  let closed: string | null = null;
  for (let directory = dirname(networks); ; directory = dirname(directory)) {
    if (((await stat(directory)).mode & 0o001) === 0) closed = directory;
    if (directory === dirname(directory)) return { closed, made };
  }
}
