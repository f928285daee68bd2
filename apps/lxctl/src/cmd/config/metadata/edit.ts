import { editText } from '../../../noun/edit-text.ts';
import { fromYaml, toYaml } from '../../../output/yaml.ts';
import { instanceName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance>',
  details: 'Opens the metadata as YAML in $VISUAL or $EDITOR; a document on the standard input is taken instead.',
  examples: ['lxctl config metadata edit c1 < metadata.yaml'],
  flags: {},
  async run({ args, client, io }) {
    const name = instanceName(args[0]);
    let guard: string | null = null;
    await editText(io, {
      async read() {
        const { metadata, etag } = await client.instances.metadata(name);
        guard = etag;
        return toYaml(metadata);
      },
      write: async (text) => client.instances.replaceMetadata(name, await fromYaml(text), guard),
    });
  },
});
