import { type Engine, Expired, type Passing, type Sweep, type SweepUsing, succeeded } from '#lib/engine';
import type { ImageRow } from '#lib/store';
import type { LocalImages } from '../local-images.ts';
import type { ImageOperations } from '../operations.ts';
import { isRenewed } from './refresh.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

interface Using extends SweepUsing {
  engine: Engine;
  images: LocalImages;
  operations: ImageOperations;
}

/** What is done to images unasked: newer ones are looked for, and what came for an instance goes when nobody uses it. */
export function imageSweeps(using: Using): Sweep[] {
  return [new Renewals(using), new Expired(unusedImages(using), using)];
}

/** Newer images, when the daemon is up and each so many hours. */
class Renewals implements Sweep {
  readonly #using: Using;
  /** When the last look was, in milliseconds. */
  #last: number | null = null;

  constructor(using: Using) {
    this.#using = using;
  }

  /** A server that is away is told of, and asked again next time. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { images, now, report } = this.#using;
    const { updateHours } = await images.reach();
    const at = now().getTime();
    if (updateHours === 0 || (this.#last !== null && at - this.#last < updateHours * hourMs)) return;
    this.#last = at;
    for (const row of (await images.all()).filter(isRenewed)) {
      if (signal.aborted) return;
      await this.#renew(row).catch((error: unknown) =>
        report(`looking for a newer one of the image ${row.fingerprint.slice(0, 12)}`, error),
      );
    }
  }

  async #renew({ project, fingerprint }: ImageRow): Promise<void> {
    const { engine, operations } = this.#using;
    await succeeded(await engine.start(operations.refresh, { project, fingerprint }, { project }));
  }
}

interface Unused {
  name: string;
  project: string;
  fingerprint: string;
}

/** Images that came for an instance, of which none was made for so many days. */
function unusedImages({ images, engine, operations }: Using): Passing<Unused> {
  return {
    word: 'image',
    async expired(by: Date) {
      const { cacheDays } = await images.reach();
      if (cacheDays === 0) return [];
      const used = ({ lastUsedAt, uploadedAt }: ImageRow) => Math.max(lastUsedAt?.getTime() ?? 0, uploadedAt.getTime());
      const over = (await images.all()).filter((row) => row.cached && used(row) + cacheDays * dayMs < by.getTime());
      return over.map(({ project, fingerprint }) => ({ name: fingerprint, project, fingerprint }));
    },
    delete: ({ project, fingerprint }) => engine.start(operations.delete, { project, fingerprint }, { project }),
  };
}
