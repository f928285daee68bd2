/**
 * The system calls refused to every instance. Most are refused by missing capabilities already; the filter stands in
 * front of them so that a bug behind a capability check is not reachable either. open_by_handle_at(2) can walk out of a
 * mount, which is why it is here although a container could otherwise use it on some file systems.
 */
export const deniedSyscalls = [
  'kexec_load',
  'kexec_file_load',
  'open_by_handle_at',
  'init_module',
  'finit_module',
  'delete_module',
  'swapon',
  'swapoff',
  'acct',
] as const;

/** MNT_FORCE of umount2(2): lets a guest abort I/O of file systems it only shares. */
const MNT_FORCE = 1;

export const defaultSeccompPolicy = {
  defaultAction: 'allow',
  rules: [
    ...deniedSyscalls.map((syscall) => ({ syscall, action: 'EPERM' })),
    { syscall: 'umount2', action: 'EACCES', when: [{ argument: 1, operator: 'masked' as const, value: MNT_FORCE, mask: MNT_FORCE }] },
  ],
};
