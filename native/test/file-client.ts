import { Socket } from 'node:net';
import { type FileSession, fileFlags, SftpClient, SftpError } from '#lib/host';

/** Of a server of files. */
export async function clientOf(session: FileSession, deadline = 10_000): Promise<SftpClient> {
  const client = new SftpClient(new Socket({ fd: session.fd }), { deadline, stuck: () => session.kill() });
  await client.greet();
  return client;
}

/** The file's text, or the code of what was refused. */
export async function textOf(client: SftpClient, path: string): Promise<string> {
  try {
    const handle = await client.openFile(path, fileFlags.read, 0);
    const chunks: Buffer[] = [];
    for await (const chunk of client.read(handle)) chunks.push(chunk);
    await client.closeHandle(handle);
    return Buffer.concat(chunks).toString();
  } catch (error) {
    return codeOf(error);
  }
}

export function codeOf(error: unknown): string {
  if (error instanceof SftpError) return error.code;
  throw error;
}

export async function refused(asked: Promise<unknown>): Promise<string> {
  return asked.then(() => 'done', codeOf);
}

export async function put(client: SftpClient, path: string, text: string, flags: number = fileFlags.overwrite): Promise<void> {
  const handle = await client.openFile(path, flags, 0o640);
  await client.write(
    handle,
    (async function* () {
      yield Buffer.from(text);
    })(),
  );
  await client.closeHandle(handle);
}

export async function listed(client: SftpClient, path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of client.entries(path)) names.push(name);
  return names.sort();
}
