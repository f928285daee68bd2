import { localName } from '../../run/name.ts';
import { CommandError, defineVerb } from '../../run/verb.ts';
import { changeProfiles } from './membership.ts';

export const verb = defineVerb({
  args: '<instance> <profile>',
  flags: {},
  async run(call) {
    const [instance] = call.args;
    const profile = localName(call.args[1], 'profile');
    const add = (profiles: readonly string[]) => {
      if (profiles.includes(profile)) throw new CommandError(`Profile ${profile} is on ${instance} already`);
      return [...profiles, profile];
    };
    await changeProfiles(call, instance, add, (name) => `Profile ${profile} added to ${name}`);
  },
});
