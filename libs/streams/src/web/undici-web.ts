import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { EnvHttpProxyAgent } from 'undici';
import { LxError } from '#lib/contract';
import { hostAuthorities } from './authorities.ts';
import { brokenReason } from './reason.ts';
import type { Web, WebAnswer, WebRequest, WebSettings } from './web.ts';

const connectMs = 15_000;
const silenceMs = 60_000;
const redirects = 5;

/** LxError 'remote.bad_certificate'. */
export async function openWeb({ certificate, proxies }: WebSettings): Promise<Web> {
  // Most daemons never ask another server: their start does not wait for it.
  const undici = await import('undici');
  // Made once: to read the authorities of a host takes tens of milliseconds.
  const secureContext = createSecureContext({ ca: certificate === null ? await hostAuthorities() : checked(certificate) });
  return new UndiciWeb(
    new undici.EnvHttpProxyAgent({
      ...(proxies.http === null ? {} : { httpProxy: proxies.http }),
      ...(proxies.https === null ? {} : { httpsProxy: proxies.https }),
      ...(proxies.ignore === null ? {} : { noProxy: proxies.ignore }),
      connect: { secureContext, timeout: connectMs },
      requestTls: { secureContext, timeout: connectMs },
      proxyTls: { secureContext, timeout: connectMs },
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    }),
  );
}

/** OpenSSL passes over what is no certificate, and would trust nobody then. */
function checked(certificate: string): string {
  try {
    return new X509Certificate(certificate).toString();
  } catch (error) {
    throw new LxError('remote.bad_certificate', { reason: (error as Error).message }, { cause: error });
  }
}

class UndiciWeb implements Web {
  readonly #agent: EnvHttpProxyAgent;

  constructor(agent: EnvHttpProxyAgent) {
    this.#agent = agent;
  }

  async get(first: URL, request: WebRequest): Promise<WebAnswer> {
    let url = first;
    for (let i = 0; i <= redirects; i++) {
      const answer = await this.#once(url, request);
      const { location } = answer.headers;
      if (answer.status < 301 || answer.status > 308 || typeof location !== 'string') return answer;
      answer.body.destroy();
      url = next(url, location);
    }
    throw new LxError('remote.unreachable', { host: first.host, reason: 'it redirects without end' });
  }

  async #once(url: URL, { headers = {}, signal }: WebRequest): Promise<WebAnswer> {
    try {
      const path = `${url.pathname}${url.search}`;
      const sent = { 'user-agent': 'lxctl', ...headers };
      const {
        statusCode,
        headers: got,
        body,
      } = await this.#agent.request({ origin: url.origin, path, method: 'GET', headers: sent, signal });
      // Destroying a body that is not wanted is an error for its readers, of which there are none.
      body.on('error', () => {});
      return { status: statusCode, headers: got, body };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new LxError('remote.unreachable', { host: url.host, reason: brokenReason(error) }, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

/** What is checked by https must not go on without. */
function next(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : null;
  if (to?.protocol === 'https:') return to;
  throw new LxError('remote.unreachable', { host: from.host, reason: `it redirects to ${JSON.stringify(location)}, which is not https` });
}
