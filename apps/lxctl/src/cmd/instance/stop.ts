import { defineVerb, integer, toggle } from '../../run/verb.ts';
import { changeMany, changeState } from './state.ts';

export const verb = defineVerb({
  args: '[instance...]',
  usage: '<instance>...',
  details: 'Asks the init of the instance to shut down and waits for it.',
  flags: {
    all: toggle('--all', 'All instances that run'),
    force: toggle('-f, --force', 'Kill it'),
    timeout: integer('--timeout <seconds>', 'How long to wait before the stop counts as failed, -1: no limit', -1),
  },
  async run(call) {
    const { all, force, timeout } = call.flags;
    return changeMany(call, call.args, { all, from: ['Running', 'Frozen'] }, (name) =>
      changeState(call, name, { action: 'stop', timeout, force }),
    );
  },
});
