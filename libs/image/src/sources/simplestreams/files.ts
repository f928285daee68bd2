import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { LxError } from '#lib/contract';
import { download, type StreamFile, type StreamImage, type Web } from '#lib/streams';

export interface ImageDownload {
  web: Web;
  server: URL;
  image: StreamImage;
  signal: AbortSignal;
  progress(text: string): void;
}

/** The files of an image one after the other, each with the bytes that the server's index names. LxError 'image.download_failed'. */
export async function* imageParts(of: ImageDownload): AsyncGenerator<Readable> {
  for (const [i, file] of of.image.files.entries())
    yield Readable.from(checkedBytes(of, file, i === 0 && of.image.files.length === 2 ? 'metadata' : 'rootfs'), { objectMode: false });
}

async function* checkedBytes({ web, server, signal, progress }: ImageDownload, file: StreamFile, name: string): AsyncGenerator<Buffer> {
  const url = new URL(file.path.split('/').map(encodeURIComponent).join('/'), server);
  const hash = createHash('sha256');
  const told = percentTold(name, file.size, progress);
  for await (const chunk of download(web, { url, size: file.size, signal })) {
    hash.update(chunk);
    told(chunk.length);
    yield chunk;
  }
  if (hash.digest('hex') === file.sha256) return;
  throw new LxError('image.download_failed', { url: url.href, reason: 'its SHA-256 is not the one that the index of the server names' });
}

/** LXD's words for how far a download is, once a percent. */
function percentTold(name: string, size: number, progress: (text: string) => void): (bytes: number) => void {
  const began = Date.now();
  let got = 0;
  let last = -1;
  return (bytes) => {
    got += bytes;
    const percent = Math.floor((got / size) * 100);
    if (percent === last) return;
    last = percent;
    const speed = got / 1e6 / Math.max((Date.now() - began) / 1000, 0.001);
    progress(`${name}: ${percent}% (${speed.toFixed(2)}MB/s)`);
  };
}
