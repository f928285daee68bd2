import { collect, type LxctlClient } from '#lib/client';
import { CommandError, defineVerb, toggle, UsageError } from '../../run/verb.ts';
import { baseName, type Inside, inside } from './inside.ts';

/** Links that lead on to links, before it is taken for a circle (as the kernel's limit, path_resolution(7)). */
const mostLinks = 40;

export const verb = defineVerb({
  args: '<path...>',
  usage: '<instance>/<path>... <target>',
  details:
    'TARGET is a file, a directory, or - for the standard output. A link is followed, and with --recursive made as it is.\nlxctl file pull -r c1/var/log logs copies a whole directory.',
  examples: ['lxctl file pull c1/etc/passwd -'],
  flags: {
    createDirs: toggle('-p, --create-dirs', 'Make the directories on the way'),
    recursive: toggle('-r, --recursive', 'Whole directories'),
  },
  async run({ args, flags, client, io }) {
    inside(args[0] ?? '');
    const sources = args.slice(0, -1).map(inside);
    const target = args.at(-1) ?? '';
    if (sources.length === 0) throw new UsageError('A path and a target are needed');
    if (target === '-') {
      for (const source of sources) await show(client, source, io.stdout);
      return;
    }
    if (flags.createDirs) await makeWay(target, flags.recursive);
    const into = await isDirectory(target);
    if (!into && (sources.length > 1 || target.endsWith('/'))) throw new CommandError(`${target} is not a directory`);
    const pull = flags.recursive ? pullTree : pullFile;
    for (const source of sources) await pull(client, source, into ? `${target.replace(/\/+$/, '')}/${baseName(source.path)}` : target);
  },
});

async function makeWay(target: string, whole: boolean): Promise<void> {
  const { mkdir } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  await mkdir(whole || target.endsWith('/') ? target : dirname(target), { recursive: true });
}

async function isDirectory(path: string): Promise<boolean> {
  const { stat } = await import('node:fs/promises');
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The file itself, at the end of its links. */
async function followed(client: LxctlClient, { instance, path }: Inside) {
  for (let left = mostLinks; left > 0; left -= 1) {
    const found = await client.files.read(instance, path);
    if ('names' in found) throw new CommandError(`${instance}${path} is a directory; --recursive pulls it`);
    if (found.facts.type !== 'symlink') return found;
    const to = await collectText(found.content);
    path = to.startsWith('/') ? to : `${path.replace(/\/[^/]*$/, '')}/${to}`;
  }
  throw new CommandError(`${instance}${path} is a circle of links`);
}

async function show(client: LxctlClient, source: Inside, out: NodeJS.WritableStream): Promise<void> {
  const { content } = await followed(client, source);
  for await (const chunk of content) if (!out.write(chunk)) await new Promise<void>((resolve) => out.once('drain', () => resolve()));
}

async function pullFile(client: LxctlClient, source: Inside, path: string): Promise<void> {
  const { facts, content } = await followed(client, source);
  await save(path, content, facts.mode, false);
}

/** Names and links are the guest's: none leads out of where the tree is put. */
async function pullTree(client: LxctlClient, source: Inside, path: string): Promise<void> {
  const found = await client.files.read(source.instance, source.path);
  if ('content' in found && found.facts.type !== 'symlink') return save(path, found.content, found.facts.mode, true);
  const { lstat, mkdir, symlink } = await import('node:fs/promises');
  if ('content' in found) return symlink(await collectText(found.content), path);
  await mkdir(path, { mode: (found.facts.mode & 0o777) | 0o700 }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST' || !(await lstat(path)).isDirectory()) throw error;
  });
  for (const name of found.names) {
    if (name === '' || name === '.' || name === '..' || name.includes('/'))
      throw new CommandError(`${source.instance}${source.path} has a name that is none: ${JSON.stringify(name)}`);
    await pullTree(client, { ...source, path: `${source.path.replace(/\/+$/, '')}/${name}` }, `${path}/${name}`);
  }
}

/** Without set-id bits: a program of a guest's root is not one of ours. `plain`: through no link. */
async function save(path: string, content: AsyncIterable<Uint8Array>, mode: number, plain: boolean): Promise<void> {
  const { constants, open } = await import('node:fs/promises');
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (plain ? constants.O_NOFOLLOW : 0);
  const file = await open(path, flags, mode & 0o777);
  try {
    for await (const chunk of content) await file.writeFile(chunk);
    await file.chmod(mode & 0o777);
  } finally {
    await file.close();
  }
}

async function collectText(content: AsyncIterable<Uint8Array>): Promise<string> {
  return (await collect(content)).toString();
}
