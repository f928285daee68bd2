import { editText } from '../../noun/edit-text.ts';
import { CommandError, defineVerb } from '../../run/verb.ts';
import { inside } from './inside.ts';
import { collect } from '#lib/client';

export const verb = defineVerb({
  args: '<path>',
  usage: '<instance>/<path>',
  details: 'Opens the file in $VISUAL or $EDITOR; a text on the standard input is taken instead. Owner and mode stay.',
  examples: ['lxctl file edit c1/etc/hosts'],
  flags: {},
  async run({ args, client, io }) {
    const { instance, path } = inside(args[0]);
    await editText(io, {
      read: async () => {
        const found = await client.files.read(instance, path);
        if ('names' in found) throw new CommandError(`${args[0]} is a directory`);
        const bytes = await collect(found.content);
        const text = bytes.toString();
        if (!Buffer.from(text).equals(bytes)) throw new CommandError(`${args[0]} is no text; pull it, change it, and push it`);
        return text;
      },
      write: (text) => client.files.write(instance, path, {}, Buffer.from(text)),
    });
  },
});
