import { problemsOf } from '#lib/contract';

/** LXD's rule is that there is no slash; a name is also a word of a URL and shown in lists. */
export function backupNameProblems(name: string): string[] {
  return problemsOf([
    [name === '', 'A backup has no name'],
    [name.includes('/'), 'Backup names may not contain slashes'],
    [name === '.' || name === '..' || name.length > 255 || /\p{Cc}/u.test(name), `Invalid backup name: ${JSON.stringify(name)}`],
  ]);
}
