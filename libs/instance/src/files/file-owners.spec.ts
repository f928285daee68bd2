import { expect, it } from 'vitest';
import { FileOwners } from './file-owners.ts';

function world() {
  const rooms = { begun: 0, held: false, isHeld: () => rooms.held };
  let asked = 0;
  let now = 0;
  let during = () => {};
  const find = async () => {
    asked += 1;
    during();
    return { id: `a${asked}` };
  };
  const owners = new FileOwners(rooms, find, () => now);
  const of = async () => (await owners.of('default', 'a')).id;
  return { rooms, of, pass: (ms: number) => (now += ms), while: (act: () => void) => (during = act) };
}

it('is asked once in a while', async () => {
  const { of, pass } = world();
  expect([await of(), await of()]).toEqual(['a1', 'a1']);
  pass(1999);
  expect(await of()).toBe('a1');
  pass(1);
  expect(await of()).toBe('a2');
});

it('is asked again once any operation has begun, also while it was asked, and each time while one has the instance', async () => {
  const { rooms, of, while: meanwhile } = world();
  await of();
  rooms.begun += 1;
  expect(await of()).toBe('a2');
  meanwhile(() => (rooms.begun += 1));
  rooms.begun += 1;
  expect(await of()).toBe('a3');
  meanwhile(() => {});
  expect(await of()).toBe('a4');
  rooms.begun += 1;
  rooms.held = true;
  expect([await of(), await of()]).toEqual(['a5', 'a6']);
});
