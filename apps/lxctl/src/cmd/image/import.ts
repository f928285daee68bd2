import type { WireOperation } from '#lib/contract';
import type { LxctlClient, UploadOptions } from '#lib/client';
import { print } from '../../output/print.ts';
import { keyValues, localFilters } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { CommandError, defineVerb, many, toggle } from '../../run/verb.ts';
import { putAliases } from './aliases.ts';
import { filePart } from './files.ts';

export const verb = defineVerb({
  args: '<file> [words...]',
  usage: '<tarball>|<directory>|<URL> [<rootfs file>] [key=value...]',
  details: 'One file holds metadata and root filesystem, two hold them apart (rootfs: squashfs or tarball). Words with = are properties.',
  examples: ['lxctl image import busybox.tar.gz --alias bb', 'lxctl image import meta.tar.xz rootfs.squashfs --alias debian/12 os=debian'],
  flags: {
    alias: many('--alias <name>', 'Alias for the image (may be repeated)'),
    public: toggle('--public', 'Let callers without trust use it'),
  },
  async run(call) {
    const { flags, io, client } = call;
    const [file, ...words] = call.args;
    const properties = words.filter((word) => word.includes('=')).map((word) => keyValues([word]));
    const [rootfs, extra] = localFilters(words.filter((word) => !word.includes('=')));
    if (extra !== undefined) throw new CommandError(`An image has two files at most; "${extra}" is one too many`);
    const options = {
      filename: file.split('/').pop() || file,
      public: flags.public,
      properties: Object.assign({}, ...properties) as Record<string, string>,
    };
    const operation = await upload(client, options, file, rootfs);
    const done = await finish(call, operation, `Importing ${options.filename}`);
    const fingerprint = done.metadata?.fingerprint;
    if (typeof fingerprint !== 'string') throw new CommandError('The server took the image but names no fingerprint');
    await putAliases(client, flags.alias, fingerprint);
    print(io, `Image imported with fingerprint: ${fingerprint}`);
  },
});

async function upload(client: LxctlClient, options: UploadOptions, file: string, rootfs: string | undefined): Promise<WireOperation> {
  if (/^https?:\/\//.test(file)) return client.images.fetchUrl(options, file);
  if (rootfs !== undefined) return client.images.uploadSplit(options, await filePart('metadata', file), await filePart('rootfs', rootfs));
  return client.images.uploadUnified(options, (await filePart('image', file)).body);
}
