import { onlyRemote } from '../../run/name.ts';
import { formatFlag, writeListing } from '../../output/format.ts';
import { moment } from '../../output/units.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '[remote]',
  flags: { format: formatFlag() },
  async run({ args, flags, client, io }) {
    onlyRemote(args[0]);
    const operations = (await client.operations.list()).sort((a, b) => a.created_at.localeCompare(b.created_at));
    const rows = operations.map((operation) => [
      operation.id,
      operation.class.toUpperCase(),
      operation.description,
      operation.status.toUpperCase(),
      operation.may_cancel ? 'YES' : 'NO',
      moment(operation.created_at),
    ]);
    await writeListing(io, flags.format, {
      headers: ['ID', 'TYPE', 'DESCRIPTION', 'STATUS', 'CANCELABLE', 'CREATED'],
      rows,
      objects: operations,
    });
  },
});
