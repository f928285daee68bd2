import { type Call, defineVerb, integer, toggle } from '../../run/verb.ts';
import { type Change, changeMany, changeState } from './state.ts';
import { attachConsole, needTerminal, oneAttached } from './terminal.ts';

export const verb = defineVerb({
  args: '[instance...]',
  usage: '<instance>...',
  details: 'Asks the init of the instance to shut down and waits for it.',
  flags: {
    all: toggle('--all', 'All instances that run'),
    console: toggle('--console', 'Attach to the console meanwhile'),
    force: toggle('-f, --force', 'Kill it'),
    timeout: integer('--timeout <seconds>', 'How long to wait before the stop counts as failed, -1: no limit', -1),
  },
  async run(call) {
    const { all, console, force, timeout } = call.flags;
    if (console) return stopAttached(call, oneAttached(call.args, all), { action: 'stop', timeout, force });
    return changeMany(call, call.args, { all, from: ['Running', 'Frozen'] }, (name) =>
      changeState(call, name, { action: 'stop', timeout, force }),
    );
  },
});

/** The console ends with the instance; the user may leave it before. */
async function stopAttached(call: Pick<Call, 'io' | 'client' | 'config'>, name: string, change: Change): Promise<void> {
  needTerminal(call.io);
  const silent = { ...call, config: { ...call.config, quiet: true } };
  const [stopped] = await Promise.allSettled([changeState(silent, name, change), attachConsole(call, name)]);
  if (stopped.status === 'rejected') throw stopped.reason;
}
