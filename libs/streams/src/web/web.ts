import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

/** How other servers are reached. */
export interface WebSettings {
  /** PEM: the only certificate that a server may have. null: one that an authority of this host has signed. */
  certificate: string | null;
  /** URLs of proxies, and names of hosts that are reached without; null: as the environment says (https_proxy, no_proxy). */
  proxies: { http: string | null; https: string | null; ignore: string | null };
}

export interface WebRequest {
  headers?: Record<string, string>;
  signal: AbortSignal;
}

export interface WebAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Who does not read it to its end destroys it. */
  body: Readable;
}

/** GET of other servers' files, by https alone. Dispose of it to close its connections. */
export interface Web extends AsyncDisposable {
  /**
   * Follows redirects. LxError 'remote.unreachable' when there is no answer; each wait has a deadline. What breaks
   * while the body is read is an error of the body: `brokenReason` tells it to people.
   */
  get(url: URL, request: WebRequest): Promise<WebAnswer>;
}

export type OpenWeb = (settings: WebSettings) => Promise<Web>;
