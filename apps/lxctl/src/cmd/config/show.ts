import { printYaml } from '../../output/print.ts';
import { writable } from '../../noun/subject.ts';
import { defineVerb, toggle } from '../../run/verb.ts';
import { namedSubject } from './subject.ts';

export const verb = defineVerb({
  args: '[instance]',
  details: 'Without an instance: the configuration of the server.',
  flags: { expanded: toggle('-e, --expanded', 'With what the profiles bring') },
  async run(call) {
    const subject = namedSubject(call, call.args[0]);
    const { metadata } = await subject.read();
    const body = writable(subject, metadata);
    if (call.flags.expanded && metadata.expanded_config) {
      Object.assign(body, { config: metadata.expanded_config, devices: metadata.expanded_devices });
    }
    await printYaml(call.io, body);
  },
});
