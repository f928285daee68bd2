import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';
import { changeProfiles } from './membership.ts';

export const verb = defineVerb({
  args: '<instance> <profiles>',
  details: 'PROFILES is a list with commas that replaces the one the instance has; "" leaves it without any.',
  examples: ['lxctl profile assign c1 default,web'],
  flags: {},
  async run(call) {
    const [instance, list] = call.args;
    const profiles = list
      .split(',')
      .filter(Boolean)
      .map((name) => localName(name, 'profile'));
    await changeProfiles(
      call,
      instance,
      () => profiles,
      (name) => `Profiles ${list || '(none)'} applied to ${name}`,
    );
  },
});
