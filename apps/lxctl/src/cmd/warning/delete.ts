import { localName } from '../../run/name.ts';
import { defineVerb, toggle, UsageError } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '[warning]',
  flags: { all: toggle('-a, --all', 'Delete all warnings') },
  async run({ args: [id], flags, client }) {
    if ((id === undefined) === !flags.all) throw new UsageError('Give one warning, or --all');
    const ids = id === undefined ? (await client.warnings.list()).map(({ uuid }) => uuid) : [localName(id, 'warning')];
    for (const each of ids) await client.warnings.delete(each);
  },
});
