import type { DataSource } from 'typeorm';

/** The database was made by a later version of lxctl. The message is a whole sentence. */
class SchemaIsNewer extends Error {
  override name = 'SchemaIsNewer';
}

/** Runs the migrations that are missing. `version` is this program's, for the message of SchemaIsNewer. */
export async function bringUpToDate(source: DataSource, version: string): Promise<void> {
  const known = source.migrations.map(({ name }) => name ?? '');
  const done = await applied(source);
  const later = done.filter((name) => !known.includes(name));
  if (later.length > 0) {
    const users = await versions(source);
    throw new SchemaIsNewer(
      `The database has the schema ${later.at(-1)}${users === '' ? '' : `, made by lxctl ${users}`}; this is lxctl ${version}, ` +
        `which knows the schema up to ${known.at(-1)}. Start the later version again, or give this one a database of its own.`,
    );
  }
  if (done.length < known.length) await source.runMigrations({ transaction: 'each' });
}

/** Names of the migrations that the database has had, oldest first. */
async function applied(source: DataSource): Promise<string[]> {
  const [found] = await source.query<{ there: boolean }[]>("SELECT to_regclass('migration') IS NOT NULL AS there");
  if (!found?.there) return [];
  return (await source.query<{ name: string }[]>('SELECT name FROM migration ORDER BY id')).map(({ name }) => name);
}

/** Which versions of lxctl have had the database; '' when it does not say. */
async function versions(source: DataSource): Promise<string> {
  const rows = await source.query<{ version: string }[]>('SELECT DISTINCT version FROM server').catch(() => []);
  return rows.map(({ version }) => version).join(' and ');
}
