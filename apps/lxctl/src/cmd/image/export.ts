import { receiveParts } from '#lib/client';
import { print } from '../../output/print.ts';
import { defineVerb } from '../../run/verb.ts';
import { base, fileNamed, saveFile } from './files.ts';
import { fingerprintOf } from './find.ts';

export const verb = defineVerb({
  args: '<image> [target]',
  details:
    'TARGET is a directory (default: this one) or the name of the file, which gets the ending of its format; a split image has\ntwo files, TARGET and TARGET.root.',
  flags: {},
  async run({ args, client, io }) {
    const [typed, target = '.'] = args;
    const { stat } = await import('node:fs/promises');
    const fingerprint = await fingerprintOf(client, typed);
    const { body, headers } = await client.images.export(fingerprint);
    const directory = await stat(target).then(
      (found) => found.isDirectory(),
      () => false,
    );
    const type = headers['content-type'] ?? '';
    if (!type.startsWith('multipart/')) {
      const named = fileNamed(headers);
      const path = directory ? `${target}/${named || fingerprint}` : `${target}${ending(target, named)}`;
      await saveFile(path, body);
      return print(io, `Image exported to ${path}`);
    }
    const paths: string[] = [];
    for await (const part of receiveParts(type, body)) {
      const isRoot = part.name.startsWith('rootfs');
      const path = directory
        ? `${target}/${base(part.filename) || fingerprint + (isRoot ? '.root' : '')}`
        : `${target}${isRoot ? '.root' : ''}`;
      await saveFile(path, part.body);
      paths.push(path);
    }
    print(io, `Image exported to ${paths.join(' and ')}`);
  },
});

/** `.tar.gz` of the server's name, unless the target has one. */
function ending(target: string, named: string): string {
  const last = /(\.tar)?\.[a-z0-9]+$/.exec(named)?.[0] ?? '';
  return target.endsWith(last) ? '' : last;
}
