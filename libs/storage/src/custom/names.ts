import { problemsOf } from '#lib/contract';

/** As many bytes as leave room for the project in the name of the volume's link. */
const longest = 180;

/** Problems of a custom volume's name, in a list. */
export function volumeNameProblems(name: string): string[] {
  if (name === '') return ['No name provided'];
  return problemsOf([
    [name.includes('/'), 'Storage volume names may not contain slashes'],
    [/\p{Cc}/u.test(name), 'Storage volume names may not contain control characters'],
    [name === '.' || name === '..', `Invalid storage volume name ${JSON.stringify(name)}`],
    [Buffer.byteLength(name) > longest, `Storage volume names may be at most ${longest} bytes long`],
  ]);
}
