import { describe } from '../run/describe.ts';
import type { Io } from '../run/io.ts';

/** Opens a text in an editor, and again when it is refused. What is piped in is sent as it is. */
export async function editText(io: Io, subject: { read(): Promise<string>; write(text: string): Promise<void> }): Promise<void> {
  if (!io.terminal.in) return subject.write(await io.readAll());
  const before = await subject.read();
  let text = before;
  for (;;) {
    text = await io.edit(text);
    if (text === before) return;
    try {
      return await subject.write(text);
    } catch (error) {
      io.stderr.write(`Error: ${describe(error)}\n`);
      await io.ask('Press Enter to open the editor again, or interrupt to leave all as it is. ');
    }
  }
}
