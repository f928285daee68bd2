import type { WireInstancesPost } from '#lib/contract';
import { print } from '../../run/io.ts';
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
  say(`${together ? 'Launching' : 'Creating'} ${body.name || 'the instance'}`);
  const operation = await client.instances.create(together ? { ...body, start: true } : body);
  const done = await finish(context, operation, `${together ? 'Launching' : 'Creating'} ${body.name || 'the instance'}`);
  const url = done.resources?.instances?.[0] ?? done.resources?.containers?.[0] ?? operation.resources?.instances?.[0];
  const name = body.name || decodeURIComponent(url?.split('/').pop()?.split('?')[0] ?? '');
  if (!name) throw new CommandError('The server created an instance but does not name it');
  if (!body.name) say(`Instance name is: ${name}`);
  if (start && !together) {
    say(`Starting ${name}`);
    await changeState(context, name, { action: 'start', timeout: -1, force: false });
  }
  return name;
}
