import type { WireInstanceStatePut } from '#lib/contract';
import { OperationError } from '#lib/client';
import { describe } from '../../run/describe.ts';
import { instanceName, nameOrServer } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { type Call, CommandError, UsageError } from '../../run/verb.ts';

type Context = Pick<Call, 'io' | 'client' | 'config'>;

export type Change = WireInstanceStatePut;

const doing: Record<Change['action'], string> = {
  start: 'Starting',
  stop: 'Stopping',
  restart: 'Restarting',
  freeze: 'Pausing',
  unfreeze: 'Resuming',
};

/** One instance to another state; returns when it is there. */
export async function changeState(context: Context, name: string, change: Change): Promise<void> {
  try {
    await finish(context, await context.client.instances.setState(name, change), `${doing[change.action]} ${name}`);
  } catch (error) {
    if (error instanceof OperationError && (change.action === 'start' || change.action === 'restart')) {
      throw new CommandError(`${describe(error)} (try: lxctl info --show-log ${name})`, { cause: error });
    }
    throw error;
  }
}

/**
 * Several at once: side by side, each failure told with its name. `all`: those whose status is one of `from`.
 */
export async function changeMany(
  context: Context,
  typed: readonly string[],
  options: { all: boolean; from: readonly string[] },
  act: (name: string) => Promise<void>,
  read: (word: string) => string = instanceName,
): Promise<number> {
  if (options.all && typed.some((word) => nameOrServer(word) !== null)) throw new UsageError('--all goes without names');
  if (!options.all && typed.length === 0) throw new UsageError('missing argument: an instance (or --all)');
  const names = options.all ? await namesIn(context, options.from) : typed.map(read);
  if (names.length === 1 && names[0] !== undefined) {
    await act(names[0]);
    return 0;
  }
  const outcomes = await Promise.allSettled(names.map(act));
  let failed = 0;
  outcomes.forEach((outcome, at) => {
    if (outcome.status === 'fulfilled') return;
    failed += 1;
    context.io.stderr.write(`Error: ${names[at]}: ${describe(outcome.reason)}\n`);
  });
  return failed === 0 ? 0 : 1;
}

async function namesIn({ client }: Context, from: readonly string[]): Promise<string[]> {
  const instances = await client.instances.list();
  return instances.filter((instance) => from.includes(instance.status)).map((instance) => instance.name);
}
