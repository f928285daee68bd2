import { defineVerb, integer, toggle } from '../../run/verb.ts';
import { changeMany, changeState } from './state.ts';

export const verb = defineVerb({
  args: '[instance...]',
  usage: '<instance>...',
  flags: {
    all: toggle('--all', 'All instances that run'),
    force: toggle('-f, --force', 'Kill it, then start it'),
    timeout: integer('--timeout <seconds>', 'How long to wait for the shutdown, -1: no limit', -1),
  },
  async run(call) {
    const { all, force, timeout } = call.flags;
    return changeMany(call, call.args, { all, from: ['Running'] }, (name) =>
      changeState(call, name, { action: 'restart', timeout, force }),
    );
  },
});
