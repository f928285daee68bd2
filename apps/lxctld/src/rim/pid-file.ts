import { closeSync, linkSync, openSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { isErrno } from '#lib/host';
import { removeIfThere } from './unix-socket.ts';

/**
 * Takes the state directory for this process: one daemon a directory. Rejects with a plain sentence when the process that
 * the file names is a living daemon. Returns the function that gives it back.
 *
 * The daemon keeps the file open as long as it lives. That, and not the number alone, says that a process is the daemon of
 * this directory: numbers come round, and a command line may hold any word.
 */
export function claimPidFile(path: string): () => void {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      const file = openSync(path, 'wx', 0o644);
      writeSync(file, `${process.pid}\n`);
      return () => {
        closeSync(file);
        removeIfThere(path);
      };
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    const owner = readPid(path);
    if (owner !== null && holdsOpen(owner, path)) {
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
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EEXIST')) throw error;
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

/** Whether the process has this very file open (proc(5)). */
function holdsOpen(pid: number, path: string): boolean {
  try {
    const { dev, ino } = statSync(path);
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const open = statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false });
      return open?.ino === ino && open.dev === dev;
    });
  } catch {
    return false; // no such process, or no such file any more
  }
}
