import { isLxError, LxError } from '#lib/contract';
import { brokenReason } from '../web/reason.ts';
import type { Web } from '../web/web.ts';
import { Catalogue } from './catalogue.ts';
import { entries, fields, pathOf, textOf } from './documents.ts';
import { imagesOf, type StreamImage } from './products.ts';

/** Bytes. The largest that is known has 20 MB. */
const longestDocument = 128 * 1024 * 1024;
const mostStreams = 50;

/** What was read of a document, and how the server is asked whether it is still so. */
interface Kept<T> {
  etag: string | null;
  modified: string | null;
  value: T;
}

/** A catalogue, with what makes the next reading of it cheap. */
export interface LoadedCatalogue {
  catalogue: Catalogue;
  documents: ReadonlyMap<string, Kept<unknown>>;
}

export interface CatalogueServer {
  web: Web;
  /** Ends in a slash. */
  server: URL;
  /** The kernel's name. */
  architecture: string;
  signal: AbortSignal;
}

/**
 * Reads what a server has. `known`: what was read before; documents that have not changed are not sent again.
 * LxError 'remote.unreachable', 'remote.malformed'.
 */
export async function loadCatalogue(of: CatalogueServer, known?: LoadedCatalogue): Promise<LoadedCatalogue> {
  const documents = new Map<string, Kept<unknown>>();
  const read = async <T>(path: string, distil: (document: unknown) => T): Promise<T> => {
    const kept = await readDocument(of, path, distil, known?.documents.get(path) as Kept<T> | undefined);
    documents.set(path, kept);
    return kept.value;
  };
  const paths = await read('streams/v1/index.json', streamsOf);
  if (paths === null) throw new LxError('remote.malformed', { host: of.server.host, reason: 'its index is none of simplestreams' });
  const images: StreamImage[] = [];
  for (const path of paths) images.push(...(await read(path, (document) => ours(document, of.architecture))));
  return { catalogue: new Catalogue(images, of.architecture), documents };
}

function ours(document: unknown, architecture: string): StreamImage[] {
  return imagesOf(document).filter((image) => image.architecture === architecture);
}

/** Paths of the documents that name images to download; null when it is no index. */
function streamsOf(document: unknown): string[] | null {
  const index = fields(document);
  if (index === null || textOf(index.format) !== 'index:1.0' || fields(index.index) === null) return null;
  const streams = [...entries(index.index)].filter(([, stream]) => textOf(stream.datatype) === 'image-downloads');
  const paths = streams.map(([, stream]) => pathOf(stream.path)).filter((path) => path !== null);
  return [...new Set(paths)].slice(0, mostStreams);
}

async function readDocument<T>(of: CatalogueServer, path: string, distil: (document: unknown) => T, known?: Kept<T>): Promise<Kept<T>> {
  const { web, server, signal } = of;
  const asked = { ...(known?.etag && { 'if-none-match': known.etag }), ...(known?.modified && { 'if-modified-since': known.modified }) };
  const { status, headers, body } = await web.get(new URL(path, server), { signal, headers: asked });
  if (status === 304 && known) {
    body.destroy();
    return known;
  }
  if (status !== 200) {
    body.destroy();
    throw new LxError('remote.malformed', { host: server.host, reason: `it answers ${status} for ${path}` });
  }
  const value = distil(parsed(await textOfBody(body as AsyncIterable<Buffer>, of, path), server.host, path));
  const header = (name: string) => (typeof headers[name] === 'string' ? headers[name] : null);
  return { etag: header('etag'), modified: header('last-modified'), value };
}

async function textOfBody(body: AsyncIterable<Buffer>, { server, signal }: CatalogueServer, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > longestDocument) throw new LxError('remote.malformed', { host: server.host, reason: `${path} is too long` });
      chunks.push(chunk);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (isLxError(error)) throw error;
    throw new LxError('remote.unreachable', { host: server.host, reason: brokenReason(error) }, { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string, host: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new LxError('remote.malformed', { host, reason: `${path} is not JSON` }, { cause: error });
  }
}
