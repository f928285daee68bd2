import { describe, expect, it } from 'vitest';
import addon from '#native';
import { evaluate } from './bpf.ts';

const x86_64 = 0xc000003e;
const i386 = 0x40000003;
const allow = 0x7fff0000;
const errno = (number: number): number => 0x00050000 | number;
const killProcess = 0x80000000;

describe.skipIf(process.arch !== 'x64')('compileSeccomp (numbers of x86_64)', () => {
  it('makes a program that does what the policy says, for each ABI', async () => {
    const program = await addon.compileSeccomp({
      defaultAction: 'allow',
      rules: [
        { syscall: 'kexec_load', action: 'EPERM' },
        { syscall: 'init_module', action: 'kill' },
        { syscall: 'getpid', action: 'allow' },
        { syscall: 'clone', action: 'EACCES', when: [{ argument: 0, operator: 'masked', value: 0x10000000, mask: 0x10000000n }] },
        { syscall: 'personality', action: 'ENOSYS', when: [{ argument: 0, operator: 'gt', value: 2n ** 33n }] },
      ],
    });
    expect(program.length % 8).toBe(0);
    const answer = (number: number, ...args: bigint[]): number => evaluate(program, { arch: x86_64, number, args });
    expect(answer(246)).toBe(errno(1));
    expect(answer(175)).toBe(killProcess);
    expect(answer(39)).toBe(allow);
    expect(answer(56, 0x10000011n)).toBe(errno(13));
    expect(answer(56, 0x11n)).toBe(allow);
    expect(answer(135, 2n ** 33n)).toBe(allow);
    expect(answer(135, 2n ** 33n + 1n)).toBe(errno(38));
    expect(evaluate(program, { arch: i386, number: 283 })).toBe(errno(1));
    expect(evaluate(program, { arch: i386, number: 246 })).toBe(allow);
  });

  it('takes an errno by its number, and refuses other ABIs as a whole', async () => {
    const rules = [
      { syscall: 'mkdir', action: '0' },
      { syscall: 'rmdir', action: '5' },
    ];
    const program = await addon.compileSeccomp({ defaultAction: 'allow', rules, nativeOnly: true });
    expect(evaluate(program, { arch: x86_64, number: 83 })).toBe(errno(0));
    expect(evaluate(program, { arch: x86_64, number: 84 })).toBe(errno(5));
    expect(evaluate(program, { arch: i386, number: 20 })).toBe(errno(38));
    expect(evaluate(program, { arch: x86_64, number: 0x40000000 + 39 })).toBe(errno(38));
    await expect(addon.compileSeccomp({ defaultAction: 'allow', rules: [{ syscall: 'mkdir', action: '4096' }] })).rejects.toMatchObject({
      code: 'EINVAL',
    });
  });

  it('knows the names of system calls', () => {
    expect(['mkdir', 'frobnicate', ''].map((name) => addon.isSystemCall(name))).toEqual([true, false, false]);
    expect(() => Reflect.apply(addon.isSystemCall, null, [5])).toThrow(TypeError);
  });

  it('names what it does not know', async () => {
    const one = (rule: object): Promise<Buffer> => Reflect.apply(addon.compileSeccomp, null, [{ defaultAction: 'allow', rules: [rule] }]);
    await expect(one({ syscall: 'frobnicate', action: 'EPERM' })).rejects.toMatchObject({
      code: 'EINVAL',
      path: 'frobnicate',
      detail: 'unknown system call',
    });
    await expect(one({ syscall: 'mount', action: 'EWHAT' })).rejects.toMatchObject({ code: 'EINVAL', path: 'EWHAT' });
    await expect(one({ syscall: 'mount', action: 'EPERM', when: [{ argument: 0, operator: 'like', value: 1 }] })).rejects.toMatchObject({
      code: 'EINVAL',
      path: 'like',
    });
    await expect(one({ syscall: 'mount', action: 'EPERM', when: [{ argument: 6, operator: 'eq', value: 1 }] })).rejects.toMatchObject({
      code: 'EINVAL',
    });
    await expect(one({ action: 'EPERM' })).rejects.toThrow(TypeError);
  });

  it('makes long policies too', async () => {
    const names = [
      'acct',
      'add_key',
      'bpf',
      'clock_adjtime',
      'clock_settime',
      'create_module',
      'delete_module',
      'finit_module',
      'get_kernel_syms',
      'get_mempolicy',
      'init_module',
      'ioperm',
      'iopl',
      'kcmp',
      'kexec_file_load',
      'kexec_load',
      'keyctl',
      'lookup_dcookie',
      'mbind',
      'mount',
      'move_pages',
      'nfsservctl',
      'open_by_handle_at',
      'perf_event_open',
      'personality',
      'pivot_root',
      'process_vm_readv',
      'ptrace',
      'query_module',
      'quotactl',
      'reboot',
      'request_key',
      'setns',
      'settimeofday',
      'stime',
      'swapon',
      'swapoff',
      'sysfs',
      'umount2',
      'unshare',
    ];
    const program = await addon.compileSeccomp({ defaultAction: 'allow', rules: names.map((syscall) => ({ syscall, action: 'EPERM' })) });
    expect(evaluate(program, { arch: x86_64, number: 165 })).toBe(errno(1));
    expect(evaluate(program, { arch: x86_64, number: 272 })).toBe(errno(1));
    expect(evaluate(program, { arch: x86_64, number: 0 })).toBe(allow);
  });
});
