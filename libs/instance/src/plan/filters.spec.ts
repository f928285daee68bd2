import { expect, it, vi } from 'vitest';
import type { SeccompPolicy } from '#lib/host';
import { Filters } from './filters.ts';
import { defaultSeccompPolicy, seccompPolicy, seccompProblems } from './seccomp.ts';

const usual = new Uint8Array([1]);

it('is the usual one for an instance that says nothing of it', async () => {
  const compile = vi.fn();
  const filters = new Filters({ seccomp: usual, systemCalls: { known: () => true, compile } });
  expect(await filters.of({ 'security.syscalls.deny_default': 'true', 'security.syscalls.deny': '' })).toBe(usual);
  expect(compile).not.toHaveBeenCalled();
});

it('has what is denied beside the usual, or in place of it', () => {
  const deny = { 'security.syscalls.deny': 'mkdir errno 5\nkexec_load errno 38\nsync' };
  const policy = seccompPolicy(deny);
  expect(policy?.defaultAction).toBe('allow');
  expect(policy?.rules).toContainEqual({ syscall: 'init_module', action: 'EPERM' });
  expect(policy?.rules.filter(({ syscall }) => syscall === 'kexec_load')).toEqual([{ syscall: 'kexec_load', action: '38', when: [] }]);
  expect(policy?.rules.slice(-1)).toEqual([{ syscall: 'sync', action: 'kill', when: [] }]);
  expect(policy?.rules).toHaveLength(defaultSeccompPolicy.rules.length + 2);
  expect(seccompPolicy({ ...deny, 'security.syscalls.deny_default': 'no' })?.rules).toHaveLength(3);
  expect(seccompPolicy({ 'security.syscalls.deny_compat': 'true' })).toEqual({ ...defaultSeccompPolicy, nativeOnly: true });
});

it('lets nobody make subvolumes whose tree is bounded, but for who says what is allowed', () => {
  const rules = seccompPolicy({}, true)?.rules.filter(({ syscall }) => syscall === 'ioctl');
  expect(rules).toHaveLength(4);
  // The kernel looks at the lower half of the request alone.
  for (const { when } of rules ?? [])
    expect(when).toEqual([expect.objectContaining({ argument: 1, operator: 'masked', mask: 0xffff_ffff })]);
  expect(seccompPolicy({ 'security.syscalls.deny': 'ioctl' }, true)?.rules.filter(({ syscall }) => syscall === 'ioctl')).toHaveLength(1);
  expect(seccompPolicy({ 'security.syscalls.allow': 'ioctl' }, true)?.rules).toHaveLength(1);
});

it('kills for all that is not allowed', () => {
  expect(seccompPolicy({ 'security.syscalls.allow': 'read\nwrite errno 9' })).toEqual({
    defaultAction: 'kill',
    rules: [
      { syscall: 'read', action: 'allow', when: [] },
      { syscall: 'write', action: '9', when: [] },
    ],
  });
});

it('is made once for all that want the same, and again when it could not be made', async () => {
  const compile = vi.fn<(policy: SeccompPolicy) => Promise<Uint8Array>>(async () => new Uint8Array([2]));
  const filters = new Filters({ seccomp: usual, systemCalls: { known: () => true, compile } });
  const config = { 'security.syscalls.deny': 'mkdir [0,1,SCMP_CMP_EQ]' };
  await Promise.all([filters.of(config), filters.of({ ...config })]);
  expect(compile).toHaveBeenCalledTimes(1);
  compile.mockRejectedValueOnce(new Error('EEXIST'));
  const other = { 'security.syscalls.deny': 'mkdir\nmkdir errno 1' };
  await expect(filters.of(other)).rejects.toMatchObject({ code: 'request.invalid', message: expect.stringContaining('EEXIST') });
  expect(await filters.of(other)).toEqual(new Uint8Array([2]));
});

it('has each call once, but for conditions', () => {
  const problems = (deny: string) => seccompProblems({ 'security.syscalls.deny': deny }, () => true);
  expect(problems('mkdir\nmkdir errno 1\nsync')).toEqual([
    'Invalid value for key "security.syscalls.deny": it says twice what "mkdir" meets',
  ]);
  expect(problems('mkdir [0,1,SCMP_CMP_EQ]\nmkdir errno 1 [0,2,SCMP_CMP_EQ]')).toEqual([]);
});

it('names every call that there is not', () => {
  const known = (name: string) => name === 'mkdir';
  expect(seccompProblems({ 'security.syscalls.deny': 'mkdir\nfoo\nbar errno 1' }, known)).toEqual([
    'Invalid value for key "security.syscalls.deny": there is no system call "foo"',
    'Invalid value for key "security.syscalls.deny": there is no system call "bar"',
  ]);
});
