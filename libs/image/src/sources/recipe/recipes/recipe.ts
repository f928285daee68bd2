import type { JsonObject } from '#lib/base';

export interface RecipeContext {
  /** Empty; gets `image` (and `rootfs`), and may keep `tree/rootfs`, the unpacked root, for the first instance. */
  directory: string;
  progress(text: string): void;
  signal: AbortSignal;
}

/** How an image is made from what the host can reach. */
export interface Recipe {
  /** As in `build:<name>`. */
  name: string;
  /** Given to the image, unless a user's image has them. */
  aliases: readonly string[];
  /** Changes when a new build would turn out differently enough to be worth it. */
  serial(): Promise<string>;
  /** Returns what metadata.yaml in the image says. */
  build(context: RecipeContext): Promise<{ layout: 'unified' | 'split'; metadata: JsonObject }>;
}
