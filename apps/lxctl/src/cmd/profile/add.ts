import { CommandError, defineVerb } from '../../run/verb.ts';
import { changeProfiles } from './membership.ts';

export const verb = defineVerb({
  args: '<instance> <profile>',
  flags: {},
  async run(call) {
    const [instance, profile] = call.args;
    const add = (profiles: readonly string[]) => {
      if (profiles.includes(profile)) throw new CommandError(`Profile ${profile} is on ${instance} already`);
      return [...profiles, profile];
    };
    await changeProfiles(call, instance, add, (name) => `Profile ${profile} added to ${name}`);
  },
});
