import type { FileToWrite, LxctlClient } from '#lib/client';
import { CommandError, defineVerb, toggle, UsageError } from '../../run/verb.ts';
import { above, baseName, idFlag, type Inside, inside, isDirectory, makeDirectories, modeFlag } from './inside.ts';

/** Files of a directory that are under way at once. */
const side = 8;

export const verb = defineVerb({
  args: '<source...>',
  usage: '<source...> <instance>/<path>',
  details:
    'A path that ends in / , or is a directory, takes the names of the sources. A source of - is the standard input.\nWhat is there already keeps its owner and mode; what is new gets those of its source.',
  examples: ['lxctl file push site.tar.gz c1/srv/', 'lxctl file push -p --mode 0600 --uid 33 keys.tar.gz c1/var/keys/all'],
  flags: {
    createDirs: toggle('-p, --create-dirs', 'Make the directories on the way'),
    recursive: toggle('-r, --recursive', 'Whole directories'),
    uid: idFlag('--uid <uid>', "Owner, if not the source's"),
    gid: idFlag('--gid <gid>', "Group, if not the source's"),
    mode: modeFlag(),
  },
  async run({ args, flags, client, io }) {
    const sources = args.slice(0, -1);
    const target = inside(args.at(-1) ?? '');
    if (sources.length === 0) throw new UsageError('A source and a target are needed');
    const owner = ownerOf(flags.uid, flags.gid);
    const how = { ...owner, ...(flags.mode === undefined ? {} : { mode: flags.mode }) };
    if (flags.recursive && Object.keys(how).length > 0)
      throw new UsageError('--uid, --gid and --mode are not for --recursive, which keeps those of each file');
    const many = flags.recursive || sources.length > 1 || target.path.endsWith('/');
    const into = many || (await isDirectory(client, target));
    if (flags.createDirs) await makeDirectories(client, { ...target, path: into ? target.path : above(target.path) }, owner);
    for (const source of sources) {
      const path = into ? `${target.path.replace(/\/+$/, '')}/${await nameOf(source)}` : target.path;
      if (source === '-') await client.files.write(target.instance, path, how, io.stdin);
      else await push(client, source, { ...target, path }, how, flags.recursive);
    }
  },
});

function ownerOf(uid: number, gid: number): FileToWrite {
  return { ...(uid >= 0 ? { uid } : {}), ...(gid >= 0 ? { gid } : {}) };
}

/** Of `.` too. */
async function nameOf(source: string): Promise<string> {
  const { resolve } = await import('node:path');
  return source === '-' ? 'stdin' : baseName(resolve(source));
}

async function push(client: LxctlClient, source: string, to: Inside, how: FileToWrite, recursive: boolean): Promise<void> {
  const { createReadStream } = await import('node:fs');
  const { lstat, stat } = await import('node:fs/promises');
  const found = await (recursive ? lstat : stat)(source).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(error.code === 'ENOENT' ? `${source} does not exist` : `${source} cannot be read: ${error.code}`);
  });
  const known = { uid: found.uid, gid: found.gid, mode: found.mode & 0o7777, ...how };
  if (found.isDirectory()) {
    if (!recursive) throw new CommandError(`${source} is a directory; --recursive pushes it`);
    return pushTree(client, source, to, known);
  }
  if (found.isSymbolicLink()) return pushLink(client, source, to, known);
  if (!found.isFile()) throw new CommandError(`${source} is no file, directory or link`);
  await client.files.write(to.instance, to.path, known, createReadStream(source, { highWaterMark: 1 << 18 }));
}

async function pushLink(client: LxctlClient, source: string, { instance, path }: Inside, { uid, gid }: FileToWrite): Promise<void> {
  const { readlink } = await import('node:fs/promises');
  await client.files.write(instance, path, { type: 'symlink', uid, gid }, await readlink(source, 'buffer'));
}

async function pushTree(client: LxctlClient, source: string, to: Inside, known: FileToWrite): Promise<void> {
  const { readdir } = await import('node:fs/promises');
  await client.files.write(to.instance, to.path, { ...known, type: 'directory' });
  const entries = (await readdir(source, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const one = (name: string) => push(client, `${source}/${name}`, { ...to, path: `${to.path}/${name}` }, {}, true);
  const files = entries.filter((entry) => !entry.isDirectory()).values();
  const work = async () => {
    for (const { name } of files) await one(name);
  };
  // All that were begun are awaited: none goes on behind a failure that is told.
  const ends = await Promise.allSettled(Array.from({ length: side }, work));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
  for (const entry of entries) if (entry.isDirectory()) await one(entry.name);
}
