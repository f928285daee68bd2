import { defineVerb, toggle } from '../../run/verb.ts';
import { changeMany, changeState } from './state.ts';

export const verb = defineVerb({
  args: '[instance...]',
  usage: '<instance>...',
  details: 'Its processes stand still until "lxctl start".',
  flags: { all: toggle('--all', 'All instances that run') },
  async run(call) {
    return changeMany(call, call.args, { all: call.flags.all, from: ['Running'] }, (name) =>
      changeState(call, name, { action: 'freeze', timeout: -1, force: false }),
    );
  },
});
