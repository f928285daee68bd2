/** Problems of an instance name, in LXD's words; empty when it is good. A name is a host name (RFC 1123, one label). */
export function nameProblems(name: unknown): string[] {
  if (typeof name !== 'string' || name === '') return ['Invalid instance name: Name is required'];
  const problems: string[] = [];
  const add = (text: string) => problems.push(`Invalid instance name: ${text}`);
  if (name.length > 63) add('Name must be 1-63 characters long');
  if (!/^[A-Za-z0-9-]*$/.test(name)) add('Name can only contain alphanumeric and hyphen characters');
  if (/^[0-9]/.test(name)) add('Name must not start with a number');
  if (/^-/.test(name)) add('Name must not start with "-" character');
  if (/-$/.test(name)) add('Name must not end with "-" character');
  return problems;
}

const adjectives =
  'able amber apt bold brave brisk calm clear cosy deft eager early fair fast fine fond fresh glad good grand happy keen kind light lucky merry mild neat new noble open plain proud quick quiet rapid ready sharp smart solid sound spry star still sunny sure swift tidy true vivid warm well wise witty'.split(
    ' ',
  );
const nouns =
  'ant badger bat bear beaver bee bison boar cat cod crab crane crow deer dove duck eagle eel elk emu falcon ferret finch fox frog gecko goat goose gull hare hawk heron horse ibex jay koala lark lemur lion lynx mole moose moth mouse newt orca otter owl ox panda pike puma quail rabbit ram raven robin salmon seal shark shrew sloth snail sole stork swan tapir tern tiger toad trout tuna viper vole wasp weasel whale wolf wren yak zebra'.split(
    ' ',
  );

/** A name such as `calm-otter`; with `attempt` > 0 a number is added so that a taken name can be passed by. */
export function generatedName(random: () => number, attempt: number): string {
  const pick = (words: string[]) => words[Math.floor(random() * words.length)];
  const base = `${pick(adjectives)}-${pick(nouns)}`;
  return attempt === 0 ? base : `${base}-${Math.floor(random() * 10_000)}`;
}
