import { realpath, stat } from 'node:fs/promises';
import { isErrno } from '../errno.ts';
import { diskBelow } from './block-device.ts';
import { numbersOf } from './device-numbers.ts';
import { dropSocket } from './sockets.ts';

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
  /** The whole disk, as `major:minor`, that holds what is at a path that is there; null: none does, or not one alone. */
  disk(path: string): Promise<string | null>;
  /** Removes a unix socket at which nobody listens; whatever else is there stays. */
  dropSocket(path: string): Promise<void>;
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
  disk: diskBelow,
  dropSocket,
};

function kindOf(info: Awaited<ReturnType<typeof stat>>): Place['kind'] {
  if (info.isDirectory()) return 'directory';
  if (info.isFile()) return 'file';
  if (info.isCharacterDevice()) return 'char';
  return info.isBlockDevice() ? 'block' : 'other';
}
