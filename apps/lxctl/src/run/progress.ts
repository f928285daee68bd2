import type { WireOperation } from '#lib/contract';
import { isApiError } from '#lib/client';
import { printableLine } from '../output/printable.ts';
import { describe } from './describe.ts';
import { type Call, CommandError } from './verb.ts';

/**
 * Waits for an operation. On a terminal it shows how far it is, on one line that goes away; an interrupt cancels the
 * operation, a second one stops waiting.
 */
export async function finish(
  call: Pick<Call, 'io' | 'client' | 'config'>,
  operation: WireOperation,
  label: string,
): Promise<WireOperation> {
  const { io, client, config } = call;
  const shown = !config.quiet && io.terminal.err;
  const line = shown ? (text: string) => io.stderr.write(`\r\x1b[K${text}`) : () => undefined;
  let interrupts = 0;
  let giveUp: (error: Error) => void = () => undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  const off = io.onSignal('SIGINT', () => {
    interrupts += 1;
    if (interrupts > 1) return giveUp(new CommandError('Interrupted; the operation goes on in the server'));
    client.operations.cancel(operation.id).catch((error: unknown) => {
      const why = isApiError(error) ? describe(error) : 'The operation could not be cancelled';
      io.stderr.write(`${shown ? '\r\x1b[K' : ''}${why}; interrupt again to stop waiting\n`);
    });
  });
  const watch = shown ? (view: WireOperation) => line(progressText(label, view)) : undefined;
  try {
    return await Promise.race([client.operations.finish(operation, watch), givenUp]);
  } finally {
    off();
    line('');
  }
}

/** `Building debian/12: unpack: 40%`: the label and whatever metadata keys end in _progress. */
function progressText(label: string, view: WireOperation): string {
  const texts = Object.entries(view.metadata ?? {})
    .filter(([key, value]) => key.endsWith('_progress') && typeof value === 'string')
    .map(([, value]) => printableLine(String(value)));
  return texts.length === 0 ? label : `${label}: ${texts.join(', ')}`;
}
