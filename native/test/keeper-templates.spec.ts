import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaunchPlan, MountStep } from '#lib/host';
import { missing, World } from './keeper-world.ts';

const reason = missing();
type FileStep = Extract<MountStep, { op: 'file' }>;

describe.skipIf(reason !== null)(`files that a launch writes${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
  });
  afterAll(() => world.dispose());

  const file = (target: string, content: string, change: Partial<FileStep> = {}): FileStep => ({
    op: 'file',
    target,
    content: Buffer.from(content),
    mode: 0o644,
    createOnly: false,
    once: false,
    ...change,
  });

  /** A plan with these files, and the directory where the guest's own changes lie. */
  function planned(...files: FileStep[]): { plan: LaunchPlan; upper: string } {
    const plan = world.plan();
    return { plan: { ...plan, mounts: [...files, ...plan.mounts] }, upper: join(world.root, plan.id, 'upper') };
  }

  async function ends(plan: LaunchPlan): Promise<void> {
    await (await world.keepers.launch(plan)).kill();
    expect(await world.traces(plan)).toEqual([]);
  }

  it('makes them and their directories, for root inside', async () => {
    const { plan, upper } = planned(
      file('/etc/a/b/new', 'hello'),
      file('/etc/inittab.mine', ''),
      file('/etc/script', 'x', { mode: 0o755 }),
    );
    await ends(plan);
    expect(readFileSync(join(upper, 'etc/a/b/new'), 'utf8')).toBe('hello');
    expect(readFileSync(join(upper, 'etc/inittab.mine'), 'utf8')).toBe('');
    expect(statSync(join(upper, 'etc/script')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(upper, 'etc/a')).mode & 0o7777).toBe(0o755);
    expect(readdirSync(join(upper, 'etc')).filter((name) => name.includes('lxctl'))).toEqual([]);
  });

  it('writes what is there anew, with its owner and mode, and leaves it alone when it is only to be made', async () => {
    const { plan, upper } = planned(file('/root/mine', 'new'), file('/root/kept', 'new', { createOnly: true }));
    mkdirSync(join(upper, 'root'));
    for (const name of ['mine', 'kept']) writeFileSync(join(upper, 'root', name), 'something longer');
    execFileSync('chown', ['7:7', join(upper, 'root/mine')]);
    execFileSync('chmod', ['600', join(upper, 'root/mine')]);
    await ends(plan);
    expect(readFileSync(join(upper, 'root/mine'), 'utf8')).toBe('new');
    expect(readFileSync(join(upper, 'root/kept'), 'utf8')).toBe('something longer');
    const { mode, uid } = statSync(join(upper, 'root/mine'));
    expect([mode & 0o7777, uid]).toEqual([0o600, 7]);
  });

  it('follows links of the guest inside the guest alone', async () => {
    const outside = join(world.root, 'outside');
    writeFileSync(outside, 'the host');
    const up = '../'.repeat(20);
    const { plan, upper } = planned(
      file('/tmp/absolute', 'guest'),
      file('/tmp/upward', 'guest'),
      file('/tmp/through/deep', 'guest'),
      file(`/${up}tmp/dots`, 'guest'),
      file('/tmp/kept', 'guest', { createOnly: true }),
      file('/tmp/planted', 'guest'),
    );
    const tmp = join(upper, 'tmp');
    mkdirSync(tmp);
    symlinkSync(outside, join(tmp, 'absolute'));
    symlinkSync(`${up}${outside.slice(1)}`, join(tmp, 'upward'));
    symlinkSync('/etc', join(tmp, 'through'));
    symlinkSync(outside, join(tmp, 'kept'));
    // What stands in the way of the file that is on its way.
    symlinkSync(outside, join(tmp, 'planted.lxctl-new'));
    mkdirSync(join(upper, world.root.slice(1)), { recursive: true });
    await ends(plan);
    expect(readFileSync(outside, 'utf8')).toBe('the host');
    expect(readFileSync(join(upper, outside.slice(1)), 'utf8')).toBe('guest');
    for (const path of ['etc/deep', 'tmp/dots', 'tmp/planted']) expect(readFileSync(join(upper, path), 'utf8')).toBe('guest');
    expect(existsSync(join(tmp, 'planted.lxctl-new'))).toBe(false);
  });

  it.each([
    ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
    ['a directory', (path: string) => mkdirSync(path)],
    ['a device', (path: string) => execFileSync('mknod', [path, 'c', '1', '3'])],
    ['a link to itself', (path: string) => symlinkSync('x', path)],
  ])('fails at %s, holds nothing up and leaves nothing', async (_what, plant) => {
    const { plan, upper } = planned(file('/tmp/x', 'guest'));
    mkdirSync(join(upper, 'tmp'));
    plant(join(upper, 'tmp/x'));
    await expect(world.keepers.launch(plan)).rejects.toMatchObject({ args: { stage: 'template', path: '/tmp/x' } });
    expect(await world.traces(plan)).toEqual([]);
  });

  it('writes those of every start again when the guest reboots, and the others not', async () => {
    const { plan, upper } = planned(file('/tmp/once', 'made', { once: true }), file('/tmp/always', 'made'));
    const keeper = await world.keepers.launch(plan);
    await world.run(keeper, ['sh', '-c', 'echo mine > /tmp/once; echo mine > /tmp/always']);
    const again = new Promise((resolve) => {
      keeper.onReboot = resolve;
    });
    void world.run(keeper, ['reboot', '-f']);
    await again;
    expect(readFileSync(join(upper, 'tmp/once'), 'utf8')).toBe('mine\n');
    expect(readFileSync(join(upper, 'tmp/always'), 'utf8')).toBe('made');
    await keeper.kill();
  });
});
