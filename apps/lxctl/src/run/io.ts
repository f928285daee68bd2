import type { Readable, Writable } from 'node:stream';

/** The terminal and the surroundings of one call. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly terminal: { in: boolean; out: boolean; err: boolean };
  /** What the standard input is, for verbs that read a document from it only when one was given. */
  readonly input: 'terminal' | 'file' | 'pipe' | 'other';
  readonly color: boolean;
  readonly env: Record<string, string | undefined>;
  size(): { columns: number; rows: number };
  /** Keys reach us one by one, none is turned into a signal; output goes out unchanged. */
  rawMode(on: boolean): Promise<void>;
  /** Returns the function that takes the listener off. */
  onResize(listener: () => void): () => void;
  onSignal(signal: NodeJS.Signals, listener: () => void): () => void;
  /** The whole standard input as text. */
  readAll(): Promise<string>;
  /** Opens the user's editor on a text; what was saved. CommandError when the editor fails. */
  edit(text: string): Promise<string>;
  /** One line from the terminal. */
  ask(question: string): Promise<string>;
}
