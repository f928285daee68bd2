import type { WireInstancesPost, WireOperation } from '#lib/contract';
import { print } from '../../output/print.ts';
import { finish } from '../../run/progress.ts';
import { type Call, CommandError } from '../../run/verb.ts';
import { changeState } from './state.ts';

type Context = Pick<Call, 'io' | 'client' | 'config'>;

/** Creates the instance, and starts it where wanted: in one operation when the server can. Its name. */
export async function create(context: Context, body: WireInstancesPost, start: boolean): Promise<string> {
  const { client, config, io } = context;
  const say = (text: string) => {
    if (!config.quiet) print(io, text);
  };
  const together = start && (await client.server.has('instance_create_start'));
  const label = `${together ? 'Launching' : 'Creating'} ${body.name || 'the instance'}`;
  say(label);
  const done = await finish(context, await client.instances.create(together ? { ...body, start: true } : body), label);
  const name = body.name || givenName(done);
  if (!body.name) say(`Instance name is: ${name}`);
  if (start && !together) {
    say(`Starting ${name}`);
    await changeState(context, name, { action: 'start', timeout: -1, force: false });
  }
  return name;
}

/** The name the server made up, from the URL of what it created. */
function givenName({ resources }: WireOperation): string {
  const [url] = resources?.instances ?? resources?.containers ?? [];
  const name = url?.split('?')[0]?.split('/').pop();
  if (!name) throw new CommandError('The server created an instance but does not name it');
  return decodeURIComponent(name);
}
