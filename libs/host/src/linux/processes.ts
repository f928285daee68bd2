import { Deferred } from '#lib/base';
import { isErrno } from '../errno.ts';
import { closeFd, pidfdOpen, pidfdSendSignal, pidfdWatch } from '../native.ts';
import type { ProcessHandle, Processes } from '../ports.ts';

/** A process held by its pidfd: a pid that was given to another process later can never be hit (pidfd_open(2)). */
class PidfdHandle implements ProcessHandle {
  readonly pid: number;
  readonly ended: Promise<void>;
  readonly #pidfd: number;
  readonly #watch: { close(): void };
  #closed = false;

  constructor(pid: number, pidfd: number) {
    this.pid = pid;
    this.#pidfd = pidfd;
    const ended = new Deferred<void>();
    this.ended = ended.promise;
    this.#watch = pidfdWatch(pidfd, () => ended.resolve());
  }

  /** Nothing happens when the process has ended already: `ended` tells. */
  signal(signal: number): void {
    if (this.#closed) throw new Error(`the handle of process ${this.pid} is closed`);
    try {
      pidfdSendSignal(this.#pidfd, signal);
    } catch (error) {
      if (!isErrno(error, 'ESRCH')) throw error;
    }
  }

  /** After this `ended` stays as it is. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    closeFd(this.#pidfd);
  }
}

export class LinuxProcesses implements Processes {
  async open(pid: number): Promise<ProcessHandle | null> {
    let pidfd: number;
    try {
      pidfd = pidfdOpen(pid);
    } catch (error) {
      // EINVAL and ENOENT: the number belongs to a thread, not to a process.
      if (isErrno(error, 'ESRCH', 'EINVAL', 'ENOENT')) return null;
      throw error;
    }
    try {
      return new PidfdHandle(pid, pidfd);
    } catch (error) {
      closeFd(pidfd);
      throw error;
    }
  }
}
