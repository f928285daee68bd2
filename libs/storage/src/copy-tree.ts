import { runProgram } from '#lib/host';

/** A copy of a tree with owners, modes and extended attributes, by reference where the file system can. `to` is not there yet. */
export async function copyTree(from: string, to: string): Promise<void> {
  await runProgram('cp', ['-a', '--reflink=auto', '-T', '--', from, to]);
}
