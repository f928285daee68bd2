import { localName } from '../../run/name.ts';
import { ApiError, collect, type Method, operationOf, readReply } from '#lib/client';
import { print, printJson } from '../../output/print.ts';
import { CommandError, defineVerb, text, toggle, UsageError } from '../../run/verb.ts';

const methods: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'];

export const verb = defineVerb({
  args: '<path>',
  usage: '<API path>',
  details: 'Sends a request as it is and prints the metadata of the answer as JSON.',
  examples: ['lxctl query /1.0/instances?recursion=1', 'lxctl query -X DELETE --wait /1.0/instances/c1'],
  flags: {
    request: text('-X, --request <method>', 'Method', 'GET'),
    data: text('-d, --data <json>', 'Body of the request'),
    raw: toggle('--raw', 'The whole answer, as it comes'),
    wait: toggle('--wait', 'Wait for the operation, and print that'),
  },
  async run({ args, flags, client, io }) {
    const path = localName(args[0], 'path');
    if (!path.startsWith('/')) throw new UsageError('The path begins with a slash, e.g. /1.0');
    if (flags.raw && flags.wait) throw new UsageError('--raw and --wait exclude each other');
    const method = methodOf(flags.request);
    const headers: Record<string, string> = flags.data === undefined ? {} : { 'content-type': 'application/json' };
    const response = await client.api.transport.request({ method, path: client.api.path(path), headers, body: flags.data });
    const type = response.headers['content-type'] ?? '';
    if (flags.raw || !type.includes('json')) {
      const body = await collect(response.body);
      io.stdout.write(body);
      if (response.status >= 400) throw new ApiError(response.status, `The server answered with status ${response.status}`);
      return;
    }
    const reply = await readReply<unknown>(response);
    const value = flags.wait && reply.kind === 'async' ? await client.operations.finish(operationOf(reply)) : reply.metadata;
    if (flags.wait && reply.kind !== 'async') throw new CommandError('The server answered without an operation to wait for');
    if (typeof value === 'string') print(io, value);
    else printJson(io, value, '\t');
  },
});

function methodOf(typed: string): Method {
  const method = methods.find((known) => known === typed.toUpperCase());
  if (!method) throw new UsageError(`"${typed}" is not a method: ${methods.join(', ')}`);
  return method;
}
