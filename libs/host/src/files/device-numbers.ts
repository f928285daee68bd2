/** makedev(3): 12 bits of the major and 20 of the minor, as far as a node of 32 bits goes. */
export function numbersOf(device: number): { major: number; minor: number } {
  return { major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}
