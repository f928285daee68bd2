import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { removeIfThere } from './unix-socket.ts';

/**
 * Takes the state directory for this process: one daemon a directory. Rejects with a plain sentence when the process that
 * the file names is a living daemon. Returns the function that gives it back.
 */
export function claimPidFile(path: string, isDaemon: (pid: number) => boolean = looksLikeDaemon): () => void {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o644 });
      return () => removeIfThere(path);
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== 'EEXIST') throw problem;
    }
    const owner = readPid(path);
    if (owner !== null && owner !== process.pid && isDaemon(owner)) {
      throw new Error(`Another daemon (process ${owner}) already runs on this state directory.`);
    }
    discard(path, owner);
  }
  throw new Error(`Cannot take ${path}: another daemon is starting on this state directory.`);
}

/** Moves the stale file away. If a daemon took the place in between, its file goes back. */
function discard(path: string, stale: number | null): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readPid(aside) !== stale) linkSync(aside, path);
  } catch (problem) {
    if (!['ENOENT', 'EEXIST'].includes((problem as NodeJS.ErrnoException).code ?? '')) throw problem;
    return;
  }
  unlinkSync(aside);
}

export function readPid(path: string): number | null {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || null;
  } catch {
    return null;
  }
}

/** The number may belong to another program by now. */
function looksLikeDaemon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('lxctld');
  } catch {
    return false;
  }
}
