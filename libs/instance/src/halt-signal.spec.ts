import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { haltSignal } from './halt-signal.ts';

/** A shell with a trap stands for an init. */
async function signalFor(trap: string): Promise<number> {
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
  expect(await signalFor("trap 'exit' PWR; trap 'exit' USR2")).toBe(constants.signals.SIGPWR);
});

it('asks busybox, which catches SIGUSR2, by that', async () => {
  expect(await signalFor("trap 'exit' USR2")).toBe(constants.signals.SIGUSR2);
});

it('falls back to SIGPWR', async () => {
  expect(await signalFor(':')).toBe(constants.signals.SIGPWR);
});

it("takes the image's word where it has one", async () => {
  expect(await haltSignal(process.pid, { 'image.lxctl.halt_signal': 'SIGRTMIN+3' })).toBe(37);
  expect(await haltSignal(process.pid, { 'image.lxctl.halt_signal': 'SIGUSR1' })).toBe(constants.signals.SIGUSR1);
});
