import { defineVerb, integer, toggle, CommandError } from '../../run/verb.ts';
import { untilGone } from './ready.ts';

export const verb = defineVerb({
  args: '',
  details: 'Shuts the instances down, then the daemon, and returns when it is gone.',
  flags: {
    force: toggle('-f, --force', 'Kill the instances, do not wait for operations'),
    timeout: integer('-t, --timeout <seconds>', 'How long to wait, 0: no limit', 0),
  },
  async run({ flags, client }) {
    const stopped = client.api.reply('PUT', '/internal/shutdown', { query: flags.force ? { force: 1 } : {} });
    // What went wrong is told, but not before the daemon is gone.
    const gone = stopped.then(
      () => untilGone(client),
      async (error: unknown) => {
        await untilGone(client);
        throw error;
      },
    );
    if (flags.timeout <= 0) return gone;
    const late = new Promise<never>((_resolve, reject) => {
      const why = `The daemon is still there after ${flags.timeout} seconds; it goes on shutting down`;
      setTimeout(() => reject(new CommandError(why)), flags.timeout * 1000).unref();
    });
    await Promise.race([gone, late]);
  },
});
