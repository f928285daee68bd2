import { expect, it } from 'vitest';
import { instanceConfigProblems, keyOf, togetherProblems } from './instance.ts';
import { systemCallRules } from './syscalls.ts';

it('rules of system calls are read as liblxc writes them', () => {
  const text =
    '[all]\nmknod errno 0\nmount # not here\nunshare kill [0,0x10000000,SCMP_CMP_MASKED_EQ,268435456]\n\nclone allow [0,5,SCMP_CMP_GT] [1,0,SCMP_CMP_NE]';
  expect(systemCallRules.accepts(text)).toBe(true);
  expect(systemCallRules.read(text)).toEqual([
    { syscall: 'mknod', action: '0', when: [] },
    { syscall: 'mount', action: null, when: [] },
    { syscall: 'unshare', action: 'kill', when: [{ argument: 0, operator: 'masked', value: 0x10000000n, mask: 0x10000000n }] },
    {
      syscall: 'clone',
      action: 'allow',
      when: [
        { argument: 0, operator: 'gt', value: 5n },
        { argument: 1, operator: 'ne', value: 0n },
      ],
    },
  ]);
});

it.each([
  '!!!',
  '[x86]',
  'mkdir notify',
  'mkdir errno 4096',
  'mkdir errno -1',
  'mkdir errno',
  'mkdir [6,1,SCMP_CMP_EQ]',
  'mkdir [0,1,SCMP_CMP_LIKE]',
  'mkdir [0,1,SCMP_CMP_EQ,1]',
  'mkdir [0,1,SCMP_CMP_MASKED_EQ]',
  'mkdir [0,18446744073709551616,SCMP_CMP_EQ]',
  `${'read\n'.repeat(513)}`,
])('%j is no rule', (text) => {
  expect(instanceConfigProblems({ 'security.syscalls.deny': text })).toHaveLength(1);
});

it('allow and deny exclude each other', () => {
  const problem = ['security.syscalls.allow is mutually exclusive with security.syscalls.deny*'];
  expect(instanceConfigProblems({ 'security.syscalls.allow': 'read', 'security.syscalls.deny_compat': 'true' })).toEqual(problem);
  expect(togetherProblems({ 'security.syscalls.allow': 'read', 'security.syscalls.deny': '' })).toEqual([]);
  expect(keyOf({}, 'security.syscalls.deny_default')).toBe(true);
});
