import type { JsonObject } from '#lib/base';
import type { Operation } from '#lib/engine';
import type { ImageRow } from '#lib/store';
import type { WantedImage } from '../images.ts';

export interface Fetching {
  /** Tells people how far it is. */
  progress(text: string): void;
  signal: AbortSignal;
}

/** What a request may say of an image that it wants; what is not said is ''. */
export interface AskedImage {
  /** The name of the source, or another one that it has. */
  type: string;
  name: string;
  alias: string;
  fingerprint: string;
  /** URL of another server that has it. */
  server: string;
  /** What that server speaks. */
  protocol: string;
  /** What its certificate is, in PEM. */
  certificate: string;
  secret: string;
}

/**
 * Where images come from. A source is a folder and one line in `sources/index.ts`; the operation that makes an image and the
 * one that makes an instance of it use any of them alike.
 *
 * A reference is what a request asks for, as the source's own shape of JSON: it lasts in journals.
 */
export interface ImageSource<R extends JsonObject = JsonObject> {
  /** Its name in requests. */
  readonly name: string;
  /** Other words of requests for it. */
  readonly alsoNamed?: readonly string[];
  /** Reads a request; LxError when it asks for something else than this source can. Absent: nobody asks for it by name. */
  parse?(asked: AskedImage): R;
  /**
   * Reads a request for an image that is to be as the client wants it; LxError when that cannot be. Absent: an image comes as
   * the source has it.
   */
  order?(project: string, asked: AskedImage, wanted: WantedImage): Promise<R>;
  /** Starts an operation on the reference while nothing changes what is read for it; `locks` are the engine's. */
  hold?(reference: R, start: (locks: string[]) => Promise<Operation>): Promise<Operation>;
  /** What the reference means, for errors and logs. */
  describe(reference: R): string;
  /** The image, if the store has it already. LxError when the source has no such image. */
  find(project: string, reference: R): Promise<ImageRow | null>;
  /** Brings the image into the store: all of it, or nothing is left. LxError 'image.cancelled' once the signal is aborted. */
  fetch(project: string, reference: R, fetching: Fetching): Promise<ImageRow>;
  /**
   * The newest of what an image came from, in the store, made what the image is; the image itself where there is none. What `fetch`
   * fails with. Absent: what comes from here does not change.
   */
  newest?(project: string, row: ImageRow, fetching: Fetching): Promise<ImageRow>;
  /**
   * After a crash, or when what it was fetched for has failed: takes back what a fetch of this reference left. Absent: what
   * was fetched is as good as any other image, and stays.
   */
  takeBack?(project: string, reference: R): Promise<void>;
}
