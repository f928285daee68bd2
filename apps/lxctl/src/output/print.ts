import type { Io } from '../run/io.ts';
import { escaped, printable } from './printable.ts';
import { toYaml } from './yaml.ts';

/**
 * The way of everything that verbs show, so that bytes of control in it are cleaned. Only what is meant to come as it is
 * (a command's own output, a console, a raw answer) is written to the stream itself.
 */
export function print(io: Io, text: string): void {
  io.stdout.write(`${printable(text)}\n`);
}

/** A file of the server's: on a screen nothing in it may act, anywhere else it goes as it is. */
export function printFile(io: Io, text: string): void {
  io.stdout.write(io.terminal.out ? printable(text) : text);
}

export async function printYaml(io: Io, value: unknown): Promise<void> {
  io.stdout.write(await toYaml(value));
}

export function printJson(io: Io, value: unknown, indent?: string): void {
  io.stdout.write(`${escaped(JSON.stringify(value, null, indent))}\n`);
}

export function printCsv(io: Io, rows: readonly (readonly string[])[]): void {
  io.stdout.write(rows.map((row) => `${row.map((cell) => quoted(printable(cell))).join(',')}\n`).join(''));
}

/** RFC 4180. */
function quoted(cell: string): string {
  return /[",\n]|^ /.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
