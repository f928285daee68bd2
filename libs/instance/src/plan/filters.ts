import type { StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import type { SeccompPolicy } from '#lib/host';
import type { HostFacts } from '../host-facts.ts';
import { seccompPolicy } from './seccomp.ts';

/** Programs kept; most instances have the usual one. */
const mostKept = 64;

/** The system call filters of instances, as programs for the kernel. */
export class Filters {
  readonly #host: Pick<HostFacts, 'seccomp' | 'systemCalls'>;
  readonly #made = new Map<string, Promise<Uint8Array>>();

  constructor(host: Pick<HostFacts, 'seccomp' | 'systemCalls'>) {
    this.#host = host;
  }

  /** `bounded`: what the instance may write to may take so many bytes and no more. LxError 'request.invalid' for rules that contradict each other. */
  async of(config: StringMap, bounded = false): Promise<Uint8Array | null> {
    const policy = seccompPolicy(config, bounded);
    if (policy === null) return this.#host.seccomp;
    const key = JSON.stringify(policy, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
    const made = this.#made.get(key) ?? this.#make(key, policy);
    return made;
  }

  #make(key: string, policy: SeccompPolicy): Promise<Uint8Array> {
    const [oldest] = this.#made.keys();
    if (this.#made.size >= mostKept && oldest !== undefined) this.#made.delete(oldest);
    const made = this.#host.systemCalls.compile(policy).catch((error: unknown) => {
      this.#made.delete(key);
      const problem = `security.syscalls.*: ${error instanceof Error ? error.message : String(error)}`;
      throw new LxError('request.invalid', { problems: [problem] }, { cause: error });
    });
    this.#made.set(key, made);
    return made;
  }
}
