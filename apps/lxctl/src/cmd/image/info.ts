import { print } from '../../output/print.ts';
import { bytes, moment } from '../../output/units.ts';
import { defineVerb } from '../../run/verb.ts';
import { fingerprintOf } from './find.ts';

export const verb = defineVerb({
  args: '<image>',
  flags: {},
  async run({ args, client, io }) {
    const image = await client.images.get(await fingerprintOf(client, args[0]));
    const yes = (value: boolean) => (value ? 'yes' : 'no');
    const lines = [
      `Fingerprint: ${image.fingerprint}`,
      `Size: ${bytes(image.size)}`,
      `Architecture: ${image.architecture}`,
      `Type: ${image.type}`,
      `Public: ${yes(image.public)}`,
      'Timestamps:',
      `    Created: ${moment(image.created_at)}`,
      `    Uploaded: ${moment(image.uploaded_at)}`,
      `    Expires: ${moment(image.expires_at) || 'never'}`,
      `    Last used: ${moment(image.last_used_at) || 'never'}`,
      'Properties:',
      ...Object.entries(image.properties)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `    ${key}: ${value}`),
      'Aliases:',
      ...image.aliases.map(({ name, description }) => `    - ${name}${description ? ` (${description})` : ''}`),
      `Cached: ${yes(image.cached)}`,
      `Auto update: ${image.auto_update ? 'enabled' : 'disabled'}`,
      ...(image.profiles?.length ? ['Profiles:', ...image.profiles.map((name) => `    - ${name}`)] : ['Profiles: []']),
    ];
    print(io, lines.join('\n'));
  },
});
