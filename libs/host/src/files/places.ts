import { realpath, stat } from 'node:fs/promises';
import { isErrno } from '../errno.ts';

/** What a path of the host leads to. */
export interface Place {
  kind: 'directory' | 'file' | 'char' | 'block' | 'other';
  /** Of a device node; else 0. */
  major: number;
  minor: number;
  /** A link lies on the way, or the path is not written out in full: it leads where others may choose. */
  linked: boolean;
}

/** Looks at paths of the host that an operator names. */
export interface Places {
  /** null: there is nothing. */
  look(path: string): Promise<Place | null>;
}

export const hostPlaces: Places = {
  async look(path) {
    try {
      const [info, real] = await Promise.all([stat(path), realpath(path)]);
      const device = info.isCharacterDevice() || info.isBlockDevice() ? info.rdev : 0;
      return { kind: kindOf(info), ...numbersOf(device), linked: real !== path };
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
      throw error;
    }
  },
};

function kindOf(info: Awaited<ReturnType<typeof stat>>): Place['kind'] {
  if (info.isDirectory()) return 'directory';
  if (info.isFile()) return 'file';
  if (info.isCharacterDevice()) return 'char';
  return info.isBlockDevice() ? 'block' : 'other';
}

/** makedev(3): 12 bits of the major and 20 of the minor, as far as a node of 32 bits goes. */
function numbersOf(device: number): { major: number; minor: number } {
  return { major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}
