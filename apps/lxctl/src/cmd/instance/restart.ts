import { defineVerb, integer, toggle } from '../../run/verb.ts';
import { changeMany, changeState } from './state.ts';
import { attachConsole, oneAttached } from './terminal.ts';

export const verb = defineVerb({
  args: '[instance...]',
  usage: '<instance>...',
  flags: {
    all: toggle('--all', 'All instances that run'),
    console: toggle('--console', 'Attach to the console at once'),
    force: toggle('-f, --force', 'Kill it, then start it'),
    timeout: integer('--timeout <seconds>', 'How long to wait for the shutdown, -1: no limit', -1),
  },
  async run(call) {
    const { all, console, force, timeout } = call.flags;
    const attached = console ? oneAttached(call.args, all) : null;
    const code = await changeMany(call, call.args, { all, from: ['Running'] }, (name) =>
      changeState(call, name, { action: 'restart', timeout, force }),
    );
    if (attached !== null) await attachConsole(call, attached);
    return code;
  },
});
