import { CommandError, defineVerb, integer } from '../../run/verb.ts';
import { untilReady } from './ready.ts';

export const verb = defineVerb({
  args: '',
  details: 'Returns when the daemon serves requests.',
  flags: { timeout: integer('-t, --timeout <seconds>', 'How long to wait, 0: no limit', 0) },
  async run({ flags, client, config }) {
    const limit = flags.timeout > 0 ? flags.timeout * 1000 : null;
    if (await untilReady(client, limit)) return;
    throw new CommandError(`The daemon at ${config.socketPath} is not ready after ${flags.timeout} seconds; its log tells why`);
  },
});
