import { describe } from './run/describe.ts';
import { execute, type Surroundings } from './run/execute.ts';
import { find, isGroup } from './run/tree.ts';
import { tree } from './tree.ts';

/** One call of the command, from its words to its exit code. Failures become one line on the standard error. */
export async function run(words: readonly string[], around: Surroundings): Promise<number> {
  try {
    return await dispatch(words, around);
  } catch (error) {
    if (words.includes('--debug') && error instanceof Error && error.stack) around.io.stderr.write(`${error.stack}\n`);
    around.io.stderr.write(`Error: ${describe(error)}\n`);
    return 1;
  }
}

async function dispatch(words: readonly string[], around: Surroundings): Promise<number> {
  if (words[0] === '__complete') return (await import('./complete/complete.ts')).answer(words.slice(1), around);
  // `lxctl help image list` is `lxctl image list --help`.
  if (words[0] === 'help') return dispatch([...words.slice(1), '--help'], around);
  const leading = leadingFlags(words);
  const { path, node, rest } = find(tree, words.slice(leading.length));
  if (isGroup(node)) {
    const { answerGroup } = await import('./run/group-help.ts');
    return answerGroup(path, node, [...leading, ...rest], around);
  }
  const { verb } = await node.load();
  return execute(`lxctl ${path.join(' ')}`, node.about, verb, [...leading, ...rest], { ...around, verbs: tree });
}

/** Global flags may stand before the verb: `lxctl --project p list`. */
function leadingFlags(words: readonly string[]): readonly string[] {
  let count = 0;
  while (words[count]?.startsWith('-')) count += words[count] === '--project' ? 2 : 1;
  return words.slice(0, count);
}
