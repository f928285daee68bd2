import { LxError } from '#lib/contract';
import { programOutput } from '#lib/host';

/** A listing is some kilobytes a network. Bytes. */
const outputLimit = 16 * 1024 * 1024;

/** Runs nft(8), found by PATH where it has no slash. LxError 'firewall.failed' with the first line of what it complains of. */
export async function nft(program: string, args: readonly string[], input = ''): Promise<string> {
  try {
    return await programOutput(program, args, outputLimit, { input, timeoutMs: 10_000, tellingLine: 'first' });
  } catch (error) {
    throw new LxError('firewall.failed', { reason: (error as Error).message }, { cause: error });
  }
}

/** nft reads and applies a file as one transaction: rules are replaced without a gap. */
export function transaction(program: string, lines: readonly string[]): Promise<string> {
  return nft(program, ['-f', '-'], batchText(lines));
}

export function batchText(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
