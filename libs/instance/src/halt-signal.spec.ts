import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { type HaltSignal, haltSignal } from './halt-signal.ts';

/** A shell with a trap stands for an init. */
async function signalFor(trap: string): Promise<HaltSignal> {
  const shell = spawn('sh', ['-c', `${trap}; echo ready; read line`], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(shell.stdout, 'data');
  try {
    return await haltSignal(shell.pid ?? 0);
  } finally {
    shell.kill('SIGKILL');
    await once(shell, 'exit');
  }
}

it('asks an init that catches SIGPWR by that', async () => {
  expect(await signalFor("trap 'exit' PWR; trap 'exit' USR2")).toEqual({ signal: constants.signals.SIGPWR, heeded: true });
});

it('asks busybox, which catches SIGUSR2, by that', async () => {
  expect(await signalFor("trap 'exit' USR2")).toEqual({ signal: constants.signals.SIGUSR2, heeded: true });
});

it('falls back to SIGPWR, and says that it is not heeded', async () => {
  expect(await signalFor(':')).toEqual({ signal: constants.signals.SIGPWR, heeded: false });
});

it("takes the image's word where it has one", async () => {
  expect(await haltSignal(process.pid, { 'image.lxctl.halt_signal': 'SIGRTMIN+3' })).toMatchObject({ signal: 37 });
  expect(await haltSignal(process.pid, { 'image.lxctl.halt_signal': 'SIGUSR1' })).toMatchObject({ signal: constants.signals.SIGUSR1 });
});
