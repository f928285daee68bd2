import { run } from '../run.ts';
import { FakeIo } from './fake-io.ts';
import type { FakeServer } from './fake-server.ts';

export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** Runs a command line as main does, against fakes. */
export async function lxctl(
  server: FakeServer,
  words: string | readonly string[],
  prepare: (io: FakeIo) => void = () => undefined,
): Promise<Outcome> {
  const io = new FakeIo();
  prepare(io);
  const argv = typeof words === 'string' ? words.split(' ').filter(Boolean) : words;
  const code = await run(argv, {
    io,
    transport: server,
    version: '1.2.3',
    socketPath: '/fake/unix.socket',
    now: () => new Date('2026-01-02T03:04:05Z'),
  });
  return { code, out: io.out, err: io.err };
}
