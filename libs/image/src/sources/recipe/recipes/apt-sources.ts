import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One suite of one package archive, as a line of sources.list(5). */
export interface AptSource {
  uri: string;
  suite: string;
  components: string[];
  /** Path of a keyring, or null for apt's own. */
  signedBy: string | null;
}

/** The machine's package sources, from one-line and deb822 files. Sources that are switched off or hold only source code are left out. */
export async function readAptSources(directory = '/etc/apt'): Promise<AptSource[]> {
  const names = await readdir(join(directory, 'sources.list.d')).catch((): string[] => []);
  const paths = [join(directory, 'sources.list'), ...names.sort().map((name) => join(directory, 'sources.list.d', name))];
  const sources: AptSource[] = [];
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (path.endsWith('.list')) sources.push(...parseOneLine(text));
    else if (path.endsWith('.sources')) sources.push(...parseDeb822(text));
  }
  return sources;
}

/** `deb [signed-by=/x.gpg arch=amd64] URI SUITE COMPONENT...` */
export function parseOneLine(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split('\n')) {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line.replace(/#.*/, '').trim());
    if (!match) continue;
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /signed-by=(\/\S+)/.exec(options)?.[1] ?? null;
    sources.push({ uri, suite, components: components.trim().split(/\s+/), signedBy });
  }
  return sources;
}

/** Stanzas of `Key: value` with continuation lines (sources.list(5), DEB822-STYLE FORMAT). */
export function parseDeb822(text: string): AptSource[] {
  const sources: AptSource[] = [];
  const clean = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  for (const stanza of clean.split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    for (const line of stanza.replace(/\n[ \t]+/g, ' ').split('\n')) {
      const at = line.indexOf(':');
      if (at > 0) fields.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
    }
    const words = (key: string) => (fields.get(key) ?? '').split(/\s+/).filter((word) => word !== '');
    if (!words('types').includes('deb') || (fields.get('enabled') ?? 'yes').toLowerCase() === 'no') continue;
    const keyring = words('signed-by')[0] ?? '';
    const signedBy = keyring.startsWith('/') ? keyring : null;
    for (const uri of words('uris'))
      for (const suite of words('suites')) sources.push({ uri, suite, components: words('components'), signedBy });
  }
  return sources;
}

/** Lines for mmdebstrap that install `release` from the machine's own mirror; Debian's when it has none. */
export function mirrorsFor(release: string, sources: readonly AptSource[]): string[] {
  const suites = [release, `${release}-updates`, `${release}-security`];
  const own = sources.filter((source) => suites.includes(source.suite) && source.components.includes('main'));
  if (own.some((source) => source.suite === release)) {
    const lines = own.map(({ uri, suite, signedBy }) => `deb ${signedBy ? `[signed-by="${signedBy}"] ` : ''}${uri} ${suite} main`);
    return [...new Set(lines)];
  }
  // Another release of Debian: the same archive has this one too.
  const debian = sources.find((source) => source.components.includes('main') && /\/debian\/?$/.test(source.uri));
  return [`deb ${debian?.uri ?? 'http://deb.debian.org/debian'} ${release} main`];
}
