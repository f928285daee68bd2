import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { LinuxProcesses } from './processes.ts';

const processes = new LinuxProcesses();

describe('LinuxProcesses', () => {
  it('signals a process and sees its end', async () => {
    const child = spawn('sleep', ['60']);
    const handle = await processes.open(child.pid ?? 0);
    expect(handle).toMatchObject({ pid: child.pid });
    handle?.signal(15);
    await handle?.ended;
    if (child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGTERM');
    handle?.signal(15);
    handle?.close();
    handle?.close();
    expect(() => handle?.signal(15)).toThrow('closed');
  });

  it('knows no process of a number that none has', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    expect(await processes.open(child.pid ?? 0)).toBeNull();
    expect(await processes.open(-1)).toBeNull();
  });
});
