import type { InstanceRow } from '#lib/store';
import type { FileRooms } from './file-rooms.ts';

export type FileOwner = Pick<InstanceRow, 'id'>;

interface Known extends FileOwner {
  /** When it was read, in milliseconds. */
  at: number;
  /** How many operations had begun by then. */
  begun: number;
}

/** An answer is not used for longer, in milliseconds: somebody may change the database by hand. */
const longest = 2000;
/** So many answers are kept at most. */
const most = 100;

/**
 * Whose files a request is about. A client that pushes a tree asks for each file anew, so the last answers are kept for a moment: an
 * instance gets another name, or goes, by an operation alone, and the first that begins makes all of them void.
 */
export class FileOwners {
  readonly #rooms: Pick<FileRooms, 'begun' | 'isHeld'>;
  readonly #find: (project: string, name: string) => Promise<FileOwner>;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();

  constructor(rooms: Pick<FileRooms, 'begun' | 'isHeld'>, find: (project: string, name: string) => Promise<FileOwner>, now = Date.now) {
    this.#rooms = rooms;
    this.#find = find;
    this.#now = now;
  }

  /** Rejects with what `find` rejects. */
  async of(project: string, name: string): Promise<FileOwner> {
    const key = `${project}/${name}`;
    const { begun } = this.#rooms;
    const known = this.#known.get(key);
    if (known && known.begun === begun && this.#now() - known.at < longest) return known;
    if (this.#known.size >= most) this.#known.clear();
    const at = this.#now();
    const { id } = await this.#find(project, name);
    if (this.#rooms.begun === begun && !this.#rooms.isHeld(id)) this.#known.set(key, { id, at, begun });
    return { id };
  }
}
