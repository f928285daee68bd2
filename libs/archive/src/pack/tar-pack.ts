import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Confinement, ProgramFailed, type RunningProgram, startProgram } from '#lib/host';
import { overlayMarks } from '../unpack-tar.ts';
import { allDone } from './all-done.ts';
import { endOfArchive, padded, tarHeader } from './tar-headers.ts';
import { withoutEnd } from './without-end.ts';

/** What tar cannot hold, and what means nothing where it is unpacked: sockets, and device nodes, which no guest can make. */
const everythingElse = ['.', '(', '-type', 'b', '-o', '-type', 'c', '-o', '-type', 's', ')', '-o', '-print0'];

/** Owners by number, times in full, holes, and the attributes that are a guest's own, its ACLs among them. */
const tarFlags = [
  '--create',
  '--file=-',
  '--format=pax',
  '--pax-option=delete=atime,delete=ctime',
  '--numeric-owner',
  '--sparse',
  '--xattrs',
  '--xattrs-include=user.*',
  '--xattrs-include=security.capability',
  '--xattrs-include=system.posix_acl_*',
  // Records of 256 KiB: each is a write of its own.
  '--blocking-factor=512',
];

/** Only what is named, by its names on standard input. */
const namedFlags = ['--no-recursion', '--null', '--verbatim-files-from', '--files-from=-'];

/** tar's exit code when something changed or went while it was read, and nothing else was wrong. */
const someDiffer = 1;

/** Writes one tarball: files of the server's own, and whole trees. Nothing of it is held in memory. */
export class TarPack {
  readonly #out: Writable;
  readonly #signal: AbortSignal;

  constructor(out: Writable, signal: AbortSignal) {
    this.#out = out;
    this.#signal = signal;
  }

  async file(name: string, content: string | Buffer, time = new Date()): Promise<void> {
    const bytes = Buffer.from(content);
    await this.#write([tarHeader({ name, type: 'file', size: bytes.length, time: seconds(time) }), padded(bytes)]);
  }

  async directory(name: string, time = new Date(), mode = 0o755): Promise<void> {
    await this.#write([tarHeader({ name: `${name}/`, type: 'directory', size: 0, time: seconds(time), mode })]);
  }

  /** All of a directory, as the member `name`. Links in it are not followed, and its files do not change meanwhile. */
  async tree(name: string, directory: string): Promise<void> {
    const options = { cwd: directory, env: plainLocale(), signal: this.#signal };
    const find = startProgram('find', everythingElse, { ...options, stdio: ['ignore', 'pipe'] });
    const tar = startProgram('tar', [...tarFlags, overlayMarks, ...namedFlags, placed(name)], { ...options, stdio: ['pipe', 'pipe'] });
    await allDone([feed(find, tar), this.#write(withoutEnd(printed(tar))), find.done, tar.done]);
  }

  /**
   * The same of a directory that others may write to meanwhile, a guest among them, as it is while it is read: what goes is left
   * out, what changes may be torn. Links lead nowhere but into the directory itself, for the program that reads sees no more than
   * that. Sockets are left out; what overlayfs reads is kept, as the guest's own.
   */
  async openTree(name: string, directory: string, confinement: Confinement): Promise<void> {
    const tar = confinement.start('tar', [...tarFlags, '--one-file-system', placed(name), '.'], {
      ...{ tree: directory, readsOnly: true, env: plainLocale(), signal: this.#signal },
      stdio: ['ignore', 'pipe'],
    });
    const done = tar.done.catch((error: unknown) => {
      if (!(error instanceof ProgramFailed) || error.code !== someDiffer) throw error;
    });
    await allDone([this.#write(withoutEnd(printed(tar))), done]);
  }

  async end(): Promise<void> {
    await this.#write([endOfArchive]);
  }

  async #write(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of chunks) {
      this.#signal.throwIfAborted();
      if (!this.#out.write(chunk)) await once(this.#out, 'drain', { signal: this.#signal });
    }
  }
}

async function feed(find: RunningProgram, tar: RunningProgram): Promise<void> {
  if (find.stdout && tar.stdin) await pipeline(find.stdout, tar.stdin);
}

function printed({ stdout }: RunningProgram): AsyncIterable<Buffer> {
  if (stdout === null) throw new Error('tar has no output');
  return stdout;
}

/** Names of files are bytes to it. */
function plainLocale(): Record<string, string> {
  return { ...(process.env as Record<string, string>), LC_ALL: 'C' };
}

/** `.` becomes the name, in names and targets of hard links. */
function placed(name: string): string {
  return `--transform=flags=rSh;s,^\\.,${replacement(name)},`;
}

function replacement(name: string): string {
  return name.replace(/[\\&,]/g, '\\$&');
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}
