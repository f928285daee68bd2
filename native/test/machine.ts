import { readFileSync } from 'node:fs';

/** For describe.skipIf: the title says why. */
export const notRoot = process.getuid?.() !== 0;

/** A link's name that nobody else has: at most 15 characters. */
export function linkName(prefix: string): string {
  return `${prefix}${process.pid.toString(36)}${Math.floor(Math.random() * 1296).toString(36)}`;
}

/** Whether the fd is closed by exec (proc(5), fdinfo). */
export function isCloseOnExec(fd: number): boolean {
  const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return (Number.parseInt(flags ?? '0', 8) & 0o2000000) !== 0;
}
