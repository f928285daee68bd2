import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { deviceWatch } from '../native.ts';

/** Tells when devices of the host, or other paths, may have come or gone. */
export interface DeviceChanges {
  /** Has these paths watched from now on, and no others. Devices that the kernel tells of are heard of whatever their path. */
  watch(paths: readonly string[]): Promise<void>;
  close(): void;
}

/**
 * By the kernel's word: uevents of devices (netlink(7)) and inotify(7) of the directories in which the paths are, or of the nearest
 * that are there, for these may come too. Nothing is asked for again and again.
 */
export class LinuxDeviceChanges implements DeviceChanges {
  readonly #watch: ReturnType<typeof deviceWatch>;
  #paths: readonly string[] = [];
  #directories: readonly string[] = [];
  #turn: Promise<void> = Promise.resolve();

  constructor(onChange: () => void, report: (message: string, cause: unknown) => void) {
    const hear = () => {
      // Anew: of a directory that was deleted and made again nothing is heard.
      this.#directories = [];
      return this.#again().then(onChange);
    };
    this.#watch = deviceWatch(() => void hear().catch((error: unknown) => report('watching devices of the host', error)));
  }

  watch(paths: readonly string[]): Promise<void> {
    this.#paths = paths;
    return this.#again();
  }

  close(): void {
    this.#watch.close();
  }

  #again(): Promise<void> {
    const settled = this.#turn.then(() => this.#settle());
    this.#turn = settled.catch(() => {});
    return settled;
  }

  async #settle(): Promise<void> {
    for (;;) {
      const nearest = [...new Set(await Promise.all(this.#paths.map(nearestDirectory)))].sort();
      if (isDeepStrictEqual(nearest, this.#directories)) return;
      this.#watch.directories(nearest);
      this.#directories = nearest;
      // Once more: a nearer one may have come before it was watched.
    }
  }
}

/** The directory that the path is in, or the nearest above that is there. */
async function nearestDirectory(path: string): Promise<string> {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    const info = await stat(directory).catch(() => null);
    if (info?.isDirectory() || directory === '/') return directory;
  }
}
