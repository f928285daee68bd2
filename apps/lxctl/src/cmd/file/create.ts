import { isApiError } from '#lib/client';
import { choice, CommandError, defineVerb, toggle, UsageError } from '../../run/verb.ts';
import { above, idFlag, inside, makeDirectories, modeFlag } from './inside.ts';

export const verb = defineVerb({
  args: '<path> [target]',
  usage: '<instance>/<path> [<target of a link>]',
  examples: [
    'lxctl file create c1/tmp/empty',
    'lxctl file create --type directory c1/srv/data',
    'lxctl file create --type symlink c1/latest /srv/data',
  ],
  flags: {
    type: choice('--type <type>', 'What is made', ['file', 'directory', 'symlink'], 'file'),
    createDirs: toggle('-p, --create-dirs', 'Make the directories on the way'),
    force: toggle('-f, --force', 'Also where something is: a file is emptied, a link replaced'),
    uid: idFlag('--uid <uid>', 'Owner'),
    gid: idFlag('--gid <gid>', 'Group'),
    mode: modeFlag(),
  },
  async run({ args, flags, client }) {
    const [typed, target] = args;
    const { instance, path } = inside(typed);
    if ((flags.type === 'symlink') !== (target !== undefined)) throw new UsageError('A link, and nothing else, has a target');
    const owner = { ...(flags.uid >= 0 ? { uid: flags.uid } : {}), ...(flags.gid >= 0 ? { gid: flags.gid } : {}) };
    if (flags.createDirs) await makeDirectories(client, { instance, path: above(path) }, owner);
    const there = await client.files.facts(instance, path).catch((error: unknown) => {
      if (isApiError(error, 404)) return null;
      throw error;
    });
    if (there && !flags.force) throw new CommandError(`${typed} is there already; --force takes it all the same`);
    if (there && flags.type === 'symlink') await client.files.remove(instance, path);
    await client.files.write(instance, path, { ...owner, type: flags.type, mode: flags.mode }, target && Buffer.from(target));
  },
});
