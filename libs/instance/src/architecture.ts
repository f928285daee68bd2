/** LXD's numbers of architectures, which its clients and images may give instead of names. */
const numbers: Readonly<Record<string, string>> = {
  '1': 'i686',
  '2': 'x86_64',
  '3': 'armv7l',
  '4': 'aarch64',
  '5': 'ppc',
  '6': 'ppc64',
  '7': 'ppc64le',
  '8': 's390x',
  '9': 'mips',
  '10': 'mips64',
  '11': 'riscv32',
  '12': 'riscv64',
};

/** Debian's names. */
const aliases: Readonly<Record<string, string>> = {
  i386: 'i686',
  amd64: 'x86_64',
  armhf: 'armv7l',
  arm64: 'aarch64',
  powerpc: 'ppc',
  ppc64el: 'ppc64le',
};

/** The kernel's name of an architecture in any of its spellings; what is unknown stays as it is. */
export function architectureName(given: string): string {
  return numbers[given] ?? aliases[given] ?? given;
}

/** A sentence where `given` is none of `host`'s names; nothing when it is empty, which means the host's. */
export function architectureProblems(given: string, host: string): string[] {
  return given === '' || architectureName(given) === host ? [] : [`Requested architecture isn't supported by this host: ${given}`];
}
