import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import { stringify } from 'yaml';
import { architectureName, LxError } from '#lib/contract';
import { programOutput } from '#lib/host';
import { busyboxFiles } from './busybox-files.ts';
import type { Recipe } from './recipe.ts';

const directories = [
  'bin',
  'dev',
  'etc',
  'etc/init.d',
  'home',
  'mnt',
  'proc',
  'root',
  'run',
  'sbin',
  'sys',
  'tmp',
  'usr',
  'usr/bin',
  'usr/sbin',
  'var',
  'var/log',
  'var/tmp',
];
const modes: Record<string, number> = { root: 0o700, tmp: 0o1777, 'var/tmp': 0o1777 };
/** Applets that people and tools look for under /sbin. */
const inSbin = new Set([
  'init',
  'getty',
  'halt',
  'poweroff',
  'reboot',
  'ip',
  'ifconfig',
  'route',
  'udhcpc',
  'sysctl',
  'syslogd',
  'klogd',
  'chroot',
  'sulogin',
]);

/** A whole system in one static program, for the first container on a machine without a network. Times are fixed, so that equal input makes an equal image. */
export function busyboxRecipe(binary = '/bin/busybox'): Recipe {
  return {
    name: 'busybox',
    aliases: ['busybox'],

    async serial() {
      const layout = JSON.stringify([directories, modes, [...inSbin], busyboxFiles]);
      return createHash('sha256')
        .update(layout)
        .update(await readProgram(binary))
        .digest('hex')
        .slice(0, 12);
    },

    async build({ directory, progress, signal }) {
      progress('Packing busybox');
      const program = await readProgram(binary);
      const applets = (await programOutput(binary, ['--list'], 65_536)).split('\n').filter((name) => name !== '' && name !== 'busybox');
      const metadata = {
        architecture: architectureName(process.arch === 'x64' ? 'x86_64' : process.arch) ?? 'x86_64',
        creation_date: 1_700_000_000,
        properties: {
          architecture: process.arch === 'x64' ? 'amd64' : process.arch,
          description: 'BusyBox',
          os: 'BusyBox',
          release: '1',
          'lxctl.halt_signal': 'SIGUSR2',
        },
      };
      const tar = pack();
      fill(tar, stringify(metadata), program, applets);
      await pipeline(tar, createGzip({ level: 1 }), createWriteStream(join(directory, 'image'), { mode: 0o600 }), { signal });
      return { layout: 'unified', metadata };
    },
  };
}

/** LxError 'program.missing', also when the program is not static: it would find no libraries in the image. */
async function readProgram(binary: string): Promise<Buffer> {
  const missing = (error?: unknown) =>
    new LxError('program.missing', { program: 'busybox (static)', package: 'busybox-static' }, { cause: error });
  const program = await readFile(binary).catch((error: unknown) => {
    throw missing(error);
  });
  if (isDynamic(program)) throw missing();
  return program;
}

/** Whether an ELF file names an interpreter: a program header of type PT_INTERP, 3 (elf(5)). */
function isDynamic(program: Buffer): boolean {
  if (program.readUInt32BE(0) !== 0x7f454c46 || program[4] !== 2) return false;
  const table = Number(program.readBigUInt64LE(32));
  const size = program.readUInt16LE(54);
  const count = program.readUInt16LE(56);
  for (let i = 0; i < count; i++) if (program.readUInt32LE(table + i * size) === 3) return true;
  return false;
}

function fill(tar: Pack, metadata: string, program: Buffer, applets: readonly string[]): void {
  const mtime = new Date(1_700_000_000_000);
  const entry = (name: string, mode: number, content: string | Buffer) =>
    tar.entry({ name, mode, mtime, uid: 0, gid: 0, type: 'file' }, content);
  entry('metadata.yaml', 0o644, metadata);
  tar.entry({ name: 'rootfs/', mode: 0o755, mtime, type: 'directory' });
  for (const name of directories) tar.entry({ name: `rootfs/${name}/`, mode: modes[name] ?? 0o755, mtime, type: 'directory' });
  entry('rootfs/bin/busybox', 0o755, program);
  for (const applet of applets) {
    const [name, linkname] = inSbin.has(applet) ? [`rootfs/sbin/${applet}`, '../bin/busybox'] : [`rootfs/bin/${applet}`, 'busybox'];
    tar.entry({ name, linkname, mode: 0o777, mtime, type: 'symlink' });
  }
  tar.entry({ name: 'rootfs/var/run', linkname: '../run', mode: 0o777, mtime, type: 'symlink' });
  for (const [path, mode, content] of busyboxFiles) entry(`rootfs/${path}`, mode, content);
  tar.finalize();
}
