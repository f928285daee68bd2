import { basename } from 'node:path';

/** Debian packages of the programs that are run, where the package has another name. tools/packages.txt says what each is for. */
const packages: Readonly<Record<string, string>> = {
  cp: 'coreutils',
  dnsmasq: 'dnsmasq-base',
  initdb: 'postgresql-15',
  modprobe: 'kmod',
  'mkfs.btrfs': 'btrfs-progs',
  mksquashfs: 'squashfs-tools',
  nft: 'nftables',
  postgres: 'postgresql-15',
  rm: 'coreutils',
  setpriv: 'util-linux',
  sh: 'dash',
  unshare: 'util-linux',
  unsquashfs: 'squashfs-tools',
  xz: 'xz-utils',
};

export function packageOf(program: string): string {
  const name = basename(program);
  return (Object.hasOwn(packages, name) ? packages[name] : undefined) ?? name;
}
