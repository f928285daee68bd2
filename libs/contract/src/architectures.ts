interface Architecture {
  /** LXD's number of it, which its clients and images may give instead of a name; null: LXD has none. */
  number: number | null;
  /** Other names that distributions have for it. */
  others: readonly string[];
}

/** By the kernel's name. */
const architectures: Readonly<Record<string, Architecture>> = {
  i686: { number: 1, others: ['i386', 'i586', '386'] },
  x86_64: { number: 2, others: ['amd64'] },
  armv7l: { number: 3, others: ['armhf', 'armv7'] },
  aarch64: { number: 4, others: ['arm64'] },
  ppc: { number: 5, others: ['powerpc'] },
  ppc64: { number: 6, others: ['powerpc64'] },
  ppc64le: { number: 7, others: ['ppc64el', 'powerpc64le'] },
  s390x: { number: 8, others: [] },
  mips: { number: 9, others: [] },
  mips64: { number: 10, others: ['mips64el'] },
  riscv32: { number: 11, others: [] },
  riscv64: { number: 12, others: [] },
  armv6l: { number: null, others: ['armel'] },
  loongarch64: { number: null, others: ['loong64'] },
};

/** The kernel's name of an architecture in any of its spellings; null for one that nobody has heard of. */
export function architectureName(given: string): string | null {
  for (const [kernel, { number, others }] of Object.entries(architectures))
    if (kernel === given || others.includes(given) || (number !== null && String(number) === given)) return kernel;
  return null;
}
