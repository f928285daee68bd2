import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** abuse.c as a program that runs in any guest, for its `siblings`, `forge` and so on. */
export function abuseProgram(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'lxctl-abuse-'));
  try {
    const program = join(directory, 'abuse');
    execFileSync('cc', ['-static', '-O1', '-o', program, join(import.meta.dirname, 'abuse.c')]);
    return readFileSync(program);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
