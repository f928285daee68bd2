import { EventEmitter } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import type { Io } from '../run/io.ts';

/** For specs: a terminal that is none. */
export class FakeIo implements Io {
  stdin = new PassThrough();
  out = '';
  err = '';
  stdout = sink((text) => {
    this.out += text;
  });
  stderr = sink((text) => {
    this.err += text;
  });
  terminal = { in: false, out: false, err: false };
  input: Io['input'] = 'other';
  color = false;
  /** Nobody's own configuration is read or written: no directory can be made there. */
  env: Record<string, string | undefined> = { LXCTL_CONF: '/dev/null/lxctl' };
  /** What readAll gives. */
  document = '';
  /** What the editor makes of a text. */
  editor: (text: string) => string = (text) => text;
  answers: string[] = [];
  raw: boolean[] = [];
  signals = new EventEmitter();
  columns = 80;

  size(): { columns: number; rows: number } {
    return { columns: this.columns, rows: 24 };
  }

  async rawMode(on: boolean): Promise<void> {
    this.raw.push(on);
  }

  onResize(listener: () => void): () => void {
    return this.#on('resize', listener);
  }

  onSignal(signal: NodeJS.Signals, listener: () => void): () => void {
    return this.#on(signal, listener);
  }

  async readAll(): Promise<string> {
    return this.document;
  }

  async edit(text: string): Promise<string> {
    return this.editor(text);
  }

  async ask(_question: string): Promise<string> {
    return this.answers.shift() ?? '';
  }

  #on(event: string, listener: () => void): () => void {
    this.signals.on(event, listener);
    return () => this.signals.off(event, listener);
  }
}

function sink(take: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      take(chunk.toString());
      done();
    },
  });
}
