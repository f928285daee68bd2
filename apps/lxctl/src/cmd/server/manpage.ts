import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<directory>',
  details: 'One page for each command, and lxctl(1), which lists them. The set-up writes them to /usr/local/share/man/man1.',
  flags: {},
  async run({ args: [directory], config, verbs }) {
    const { manPages } = await import('../../manual/pages.ts');
    await mkdir(directory, { recursive: true });
    for (const [name, page] of await manPages(verbs, config.version)) await writeFile(join(directory, `${name}.1`), page);
  },
});
