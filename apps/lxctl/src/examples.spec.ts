import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { leaves } from './run/tree.ts';
import type { FakeIo } from './testing/fake-io.ts';
import { StrictServer } from './testing/strict-server.ts';
import { lxctl } from './testing/lxctl.ts';
import { tree } from './tree.ts';

/** Files that an example names. */
const files = mkdtempSync(join(tmpdir(), 'lxctl-examples-'));
afterAll(() => rmSync(files, { recursive: true }));

/** `lxctl launch debian d2 < d2.yaml` as words and a document. */
function wordsOf(example: string): string[] {
  const [command = ''] = example.replace(/^lxctl /, '').split(' < ');
  return command.split(' ').map((word) => {
    if (!/\.(tar\.\w+|squashfs)$/.test(word)) return word;
    writeFileSync(join(files, word), 'an image');
    return join(files, word);
  });
}

function prepare(io: FakeIo, server: StrictServer): void {
  io.env.LXCTL_CONF = files;
  io.input = 'file';
  io.document = 'config: {}\n';
  // A stream of events goes on until it is interrupted.
  setImmediate(function interrupt() {
    if (server.sockets.length > 0) io.signals.emit('SIGINT');
    else if (!server.asked.length) setImmediate(interrupt);
  });
}

const examples = await Promise.all(leaves(tree).map(async ({ node }) => (await node.load()).verb.examples ?? [])).then((lists) =>
  lists.flat(),
);

describe('the examples of the help', () => {
  it.each(examples)('%s', async (example) => {
    const server = new StrictServer();
    const outcome = await lxctl(server, wordsOf(example), (io) => prepare(io, server));
    expect({ ...outcome, out: '' }).toEqual({ code: 0, out: '', err: '' });
    expect(server.problems).toEqual([]);
  });
});
