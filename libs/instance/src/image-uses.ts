import type { Store } from '#lib/store';

/** Launches of one image come in crowds: its time of last use is as exact as that. */
const noteEveryMs = 60_000;

interface Using {
  store: Store;
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** When images were last used. */
export class ImageUses {
  readonly #using: Using;
  /** When a use was last noted, by project and image. */
  readonly #noted = new Map<string, Date>();

  constructor(using: Using) {
    this.#using = using;
  }

  /** After the end of the operation that has used it, which does not wait for this. Never rejects. */
  async note(project: string, fingerprint: string): Promise<void> {
    const { store, now, report } = this.#using;
    const at = now();
    const noted = this.#noted.get(`${project}/${fingerprint}`);
    if (noted && at.getTime() - noted.getTime() < noteEveryMs) return;
    this.#noted.set(`${project}/${fingerprint}`, at);
    await store.images
      .update(project, fingerprint, { lastUsedAt: at })
      .catch((error: unknown) => report('noting the use of an image', error));
  }
}
