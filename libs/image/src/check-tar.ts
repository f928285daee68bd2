import { ArchiveRules, type Contents, metadataLimit, readTar, type Tarball, tarMembers } from '#lib/archive';
import { LxError } from '#lib/contract';
import type { Confinement } from '#lib/host';

type TarCheck = Tarball & { contents: Contents };

/**
 * Reads a whole tarball by the rules. Returns the text of its metadata.yaml, null when it has none.
 * LxError 'image.invalid', also when it is cut short or damaged.
 */
export function checkTar({ contents, ...tar }: TarCheck, confinement: Confinement): Promise<string | null> {
  return readTar(tar, confinement, (source) => readMembers(source, contents));
}

async function readMembers(source: AsyncIterable<Buffer>, contents: Contents): Promise<string | null> {
  const rules = new ArchiveRules(contents);
  let metadata: string | null = null;
  for await (const member of tarMembers(source)) {
    const path = rules.take(member);
    if (member.otherName !== null) rules.take({ name: member.otherName, type: 'file', linkname: '' });
    if (path !== 'metadata.yaml' || contents === 'rootfs') continue;
    if (member.size > metadataLimit) throw new LxError('image.invalid', { reason: 'metadata.yaml is too large' });
    metadata = (await member.content()).toString('utf8');
  }
  rules.finish();
  return metadata;
}
