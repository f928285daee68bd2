const names = new Map<string, string>();

/** Statements of more kinds than this are not prepared; the code has some 60, and each connection keeps its own. */
const most = 500;

/**
 * The name under which a connection prepares a statement, so that Postgres parses and plans it once a connection: the same
 * for the same text. null for statements of transactions, which have nothing to plan.
 */
export function statementName(text: string): string | null {
  if (/^(BEGIN|COMMIT|ROLLBACK|LOCK)\b/.test(text)) return null;
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= most) return null;
  const name = `lxctl_${names.size}`;
  names.set(text, name);
  return name;
}
