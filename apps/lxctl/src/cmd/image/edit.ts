import type { WireImagePut } from '#lib/contract';
import { editText } from '../../noun/edit-text.ts';
import { fromYaml, toYaml } from '../../output/yaml.ts';
import { CommandError, defineVerb } from '../../run/verb.ts';
import { fingerprintOf } from './find.ts';
import { writableOf } from './properties.ts';

const fields = ['auto_update', 'expires_at', 'profiles', 'properties', 'public'];

export const verb = defineVerb({
  args: '<image>',
  details: 'Opens what can be changed of the image as YAML in $VISUAL or $EDITOR; a document on the standard input is taken instead.',
  flags: {},
  async run({ args, client, io }) {
    const fingerprint = await fingerprintOf(client, args[0]);
    let guard: string | null = null;
    await editText(io, {
      async read() {
        const { metadata, etag } = await client.images.read(fingerprint);
        guard = etag;
        return toYaml(writableOf(metadata));
      },
      write: async (text) => client.images.replace(fingerprint, bodyOf(await fromYaml(text)), guard),
    });
  },
});

/** Any other field is a slip of the pen, which the server would pass over. */
function bodyOf(document: unknown): WireImagePut {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new CommandError('The document must be a map of fields');
  const strange = Object.keys(document).filter((field) => !fields.includes(field));
  if (strange.length > 0) throw new CommandError(`Unknown field: ${strange.join(', ')}; fields are ${fields.join(', ')}`);
  return document as WireImagePut;
}
