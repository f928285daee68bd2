import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Logs } from './logs.ts';
import { removeWorlds, World } from './testing/world.ts';

afterEach(removeWorlds);

const output = `exec_${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}.stdout`;

async function setup() {
  const world = await World.make();
  const row = await world.instance('c1');
  const { logFiles } = world.instances;
  await logFiles.prepare(row);
  const directory = logFiles.directory(row);
  for (const name of ['console.log', output, 'secret']) await writeFile(join(directory, name), `in ${name}`);
  await writeFile(join(directory, '..', 'outside'), 'not yours');
  return { world, row, logs: new Logs(world.instances.logFiles, world.supervision) };
}

it('lists and reads what clients may see', async () => {
  const { row, logs } = await setup();
  expect(await logs.list(row)).toEqual(['console.log', output]);
  expect((await logs.read(row, output)).toString()).toBe(`in ${output}`);
  expect((await logs.read(row, 'console.log')).toString()).toBe('in console.log');
  expect((await logs.read(row, 'lxc.log')).length).toBe(0);
});

it.each(['secret', '../outside', '..', '.', '', '../../etc/passwd', `${output}/../secret`, `x${output}`, 'exec_\0.stdout', '/etc/passwd'])(
  'knows no %j',
  async (name) => {
    const { row, logs } = await setup();
    await expect(logs.read(row, name)).rejects.toMatchObject({ code: 'log.not_found' });
    await expect(logs.delete(row, name)).rejects.toMatchObject({ code: 'log.not_found' });
  },
);

it('deletes recorded output once, and nothing of its own', async () => {
  const { row, logs } = await setup();
  await logs.delete(row, output);
  await expect(logs.delete(row, output)).rejects.toMatchObject({ code: 'log.not_found' });
  await expect(logs.delete(row, 'console.log')).rejects.toMatchObject({ code: 'log.protected' });
});

it('shows the console of a running instance, and the file of one that ends in that moment', async () => {
  const { world, logs } = await setup();
  const { row, keeper } = await world.running('c2');
  keeper.log = Buffer.from('on the ring');
  expect((await logs.console(row)).toString()).toBe('on the ring');
  keeper.readLog = () => Promise.reject(new Error('the keeper is gone'));
  await writeFile(join(world.logsDir, 'c2', 'console.log'), 'saved');
  expect((await logs.console(row)).toString()).toBe('saved');
});

it('clears either', async () => {
  const { world, row, logs } = await setup();
  await logs.clearConsole(row);
  expect((await logs.console(row)).length).toBe(0);
  const { row: other, keeper } = await world.running('c2');
  keeper.log = Buffer.from('x');
  await logs.clearConsole(other);
  expect(keeper.log.length).toBe(0);
});
