import { describe, expect, it } from 'vitest';
import { ProgramFailed, programOutput, runProgram, startProgram } from './programs.ts';

const sh = (script: string, options = {}) => runProgram('sh', ['-c', script], options);

describe('a program of the host', () => {
  it('that is missing is named with its Debian package', async () => {
    await expect(runProgram('/nowhere/unsquashfs', [])).rejects.toMatchObject({
      code: 'program.missing',
      message: 'This needs the program "/nowhere/unsquashfs": install the Debian package squashfs-tools',
    });
  });

  it('that fails says why by its last or first words, and else by its end', async () => {
    await expect(sh('echo first >&2; echo last >&2; exit 3')).rejects.toMatchObject({ message: 'last', code: 3 });
    await expect(sh('echo first >&2; echo last >&2; exit 3', { tellingLine: 'first' })).rejects.toThrow('first');
    await expect(sh('exit 4')).rejects.toThrow('sh ended with exit code 4');
    await expect(sh('kill -TERM $$')).rejects.toThrow('sh ended with SIGTERM');
  });

  it('is killed when it does not end in time', async () => {
    await expect(sh('exec sleep 1000', { timeoutMs: 20 })).rejects.toThrow('sh did not end within 0.02 s');
  });

  it('is over before its abort is told', async () => {
    const stop = new AbortController();
    const running = startProgram('sh', ['-c', 'echo up; exec sleep 1000'], { stdio: ['ignore', 'pipe'], signal: stop.signal });
    for await (const _ of running.stdout ?? []) break;
    stop.abort();
    await expect(running.done).rejects.toMatchObject({ name: 'AbortError' });
    expect(() => process.kill(running.pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('reads what it is given and prints no more than it may', async () => {
    expect(await programOutput('cat', [], 100, { input: 'ä\n' })).toBe('ä\n');
    await expect(programOutput('sh', ['-c', 'yes'], 1000)).rejects.toThrow(new ProgramFailed('sh printed more than 1000 bytes'));
  });

  it('that starts another one tells of that when it is missing', async () => {
    await expect(sh('exec /nowhere/zstd', { starts: 'zstd' })).rejects.toMatchObject({ code: 'program.missing' });
  });

  it('tells each line of its complaints', async () => {
    const lines: string[] = [];
    await sh('printf "one\\ntw" >&2; printf "o\\n\\nthree" >&2', { onLine: (line: string) => lines.push(line) });
    expect(lines).toEqual(['one', 'two', 'three']);
  });
});
