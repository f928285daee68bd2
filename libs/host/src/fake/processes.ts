import { Deferred } from '#lib/base';
import type { ProcessHandle, Processes } from '../ports.ts';

/** Processes of a host kept in memory: `spawn` puts one there, a SIGKILL or SIGTERM or `end` ends it. */
export class FakeProcesses implements Processes {
  /** 'pid signal', in order. */
  readonly signals: string[] = [];
  /** Pids on which SIGTERM does nothing. */
  readonly stubborn = new Set<number>();
  readonly #living = new Map<number, Deferred<void>>();

  spawn(pid: number): void {
    this.#living.set(pid, new Deferred<void>());
  }

  end(pid: number): void {
    this.#living.get(pid)?.resolve();
    this.#living.delete(pid);
  }

  async open(pid: number): Promise<ProcessHandle | null> {
    const life = this.#living.get(pid);
    if (life === undefined) return null;
    const signal = (number: number): void => this.#signal(pid, number);
    return { pid, ended: life.promise, signal, close: () => undefined };
  }

  #signal(pid: number, signal: number): void {
    this.signals.push(`${pid} ${signal}`);
    if (signal === 9 || (signal === 15 && !this.stubborn.has(pid))) this.end(pid);
  }
}
