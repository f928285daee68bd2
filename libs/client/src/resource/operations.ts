import { isFinal, type WireOperation } from '#lib/contract';
import { type Api, segment } from '../api.ts';
import { isApiError, OperationError } from '../errors.ts';

/** Called with each view of a running operation. */
export type Watch = (operation: WireOperation) => void;

export class OperationsClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Those that run, and those that ended a few seconds ago; in the server's order. */
  async list(): Promise<WireOperation[]> {
    const groups = await this.#api.get<Record<string, WireOperation[]>>('/1.0/operations', { recursion: 1 });
    return Object.values(groups).flat();
  }

  get(id: string): Promise<WireOperation> {
    return this.#api.get(`/1.0/operations/${segment(id)}`);
  }

  /** ApiError 400 when the operation cannot be cancelled. */
  cancel(id: string): Promise<void> {
    return this.#api.send('DELETE', `/1.0/operations/${segment(id)}`);
  }

  /** The view when it is final, or after so many seconds as it is then; negative: no limit. */
  wait(id: string, timeout = -1): Promise<WireOperation> {
    return this.#api.get(`/1.0/operations/${segment(id)}/wait`, { timeout });
  }

  /**
   * Waits for the end; the server holds the request open, so nothing polls. With `watch` the wait is cut into seconds and
   * each view is shown. Throws OperationError when the operation failed or was cancelled.
   */
  async finish(operation: WireOperation, watch?: Watch): Promise<WireOperation> {
    let view = operation;
    while (!isFinal(view.status_code)) {
      watch?.(view);
      view = await this.#next(view, watch ? 1 : -1);
    }
    if (view.status_code !== 200) throw new OperationError(view.id, view.status_code, view.err || view.status);
    return view;
  }

  async #next(view: WireOperation, timeout: number): Promise<WireOperation> {
    try {
      return await this.wait(view.id, timeout);
    } catch (error) {
      // LXD's later versions answer a wait that ran into its limit with an error.
      if (timeout > 0 && isApiError(error) && (error.status === 504 || /timed? ?out|deadline/i.test(error.message)))
        return this.get(view.id);
      throw error;
    }
  }
}
