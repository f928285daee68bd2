import { fromYaml, toYaml } from '../output/yaml.ts';
import { describe } from '../run/describe.ts';
import type { Io } from '../run/io.ts';
import { CommandError } from '../run/verb.ts';
import { type Body, type Subject, writable } from './subject.ts';

/**
 * Opens the object as YAML in an editor, and again when it is refused. What is piped in is sent as it is, without asking
 * whether another changed the object meanwhile.
 */
export async function edit(io: Io, subject: Subject): Promise<void> {
  if (!io.terminal.in) return subject.write(await bodyOf(subject, await io.readAll()), null);
  const { metadata, etag } = await subject.read();
  const before = `# The configuration of ${subject.label}. Lines that begin with # are ignored;\n# saving without a change leaves all as it is.\n\n${await toYaml(writable(subject, metadata))}`;
  let text = before;
  for (;;) {
    text = await io.edit(text);
    if (text === before) return;
    try {
      return await subject.write(await bodyOf(subject, text, Object.keys(metadata)), etag);
    } catch (error) {
      io.stderr.write(`Error: ${describe(error)}\n`);
      await io.ask('Press Enter to open the editor again, or interrupt to leave all as it is. ');
    }
  }
}

/** `known`: the fields the object has. Any other is a slip of the pen, which the server would pass over. */
async function bodyOf(subject: Subject, text: string, known?: readonly string[]): Promise<Body> {
  let value: unknown;
  try {
    value = await fromYaml(text);
  } catch (error) {
    throw new CommandError(`This is not YAML: ${describe(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CommandError('The document must be a map of fields');
  const strange = known ? Object.keys(value).filter((field) => !known.includes(field) && !subject.fields.includes(field)) : [];
  if (strange.length > 0) throw new CommandError(`Unknown field: ${strange.join(', ')}; fields are ${subject.fields.join(', ')}`);
  const body = writable(subject, value as Body);
  body.config = Object.fromEntries(Object.entries(body.config ?? {}).map(([key, given]) => [key, given === null ? '' : String(given)]));
  return body;
}
