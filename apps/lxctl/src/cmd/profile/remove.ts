import { localName } from '../../run/name.ts';
import { CommandError, defineVerb } from '../../run/verb.ts';
import { changeProfiles } from './membership.ts';

export const verb = defineVerb({
  args: '<instance> <profile>',
  flags: {},
  async run(call) {
    const [instance] = call.args;
    const profile = localName(call.args[1], 'profile');
    const remove = (profiles: readonly string[]) => {
      if (!profiles.includes(profile)) throw new CommandError(`Profile ${profile} isn't currently applied to ${instance}`);
      return profiles.filter((name) => name !== profile);
    };
    await changeProfiles(call, instance, remove, (name) => `Profile ${profile} removed from ${name}`);
  },
});
