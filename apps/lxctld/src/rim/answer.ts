import { urls } from '#lib/contract';
import type { Operation } from '#lib/engine';
import { etagOf } from './etag.ts';

/**
 * What a controller method returns. The rim turns it into LXD's envelope (API section 2.2):
 * `sync` 200, `created` 201 with Location, `async` 202 with Location, `raw` bytes without an envelope.
 */
export class Answer {
  private constructor(
    readonly kind: 'sync' | 'created' | 'async' | 'raw',
    readonly metadata: unknown,
    readonly headers: Record<string, string>,
    readonly body: NodeJS.ReadableStream | Buffer | string | null,
  ) {}

  /** `etag`: the tuple whose hash clients get back as ETag (API section 2.9). */
  static sync(metadata: unknown = {}, options: { etag?: unknown; headers?: Record<string, string> } = {}): Answer {
    const headers = { ...options.headers };
    if (options.etag !== undefined) headers.etag = `"${etagOf(options.etag)}"`;
    return new Answer('sync', metadata ?? {}, headers, null);
  }

  static created(location: string): Answer {
    return new Answer('created', {}, { location }, null);
  }

  static operation(operation: Operation): Answer {
    const view = operation.view();
    return new Answer('async', view, { location: urls.operation(view.id) }, null);
  }

  static raw(body: NodeJS.ReadableStream | Buffer | string, headers: Record<string, string>): Answer {
    return new Answer('raw', null, headers, body);
  }
}
