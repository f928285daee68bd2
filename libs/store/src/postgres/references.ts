/**
 * Parts of statements that keep references beside the rows they are of. `row` is a name in the statement's WITH list that
 * has `id`, `project` and `devices` of what was written.
 */

/** An id that no row has: the foreign key refuses it, so that a name that finds nothing is an error. */
const nobody = `'00000000-0000-0000-0000-000000000000'::uuid`;

/** What the devices of `row` name: device_references of the migration `volume-references`. */
const named = (row: string) =>
  `${row}, device_references(${row}.project, ${row}.devices) AS named (device, network_id, pool_id, volume_id)`;

/**
 * For a row that is new. FOR SHARE waits for a custom volume that is being renamed and finds nothing when it has become
 * another's name: a device would name one that is not there.
 */
export function referencesMade(owner: 'instance' | 'profile', row: string): string {
  return `INSERT INTO ${owner}_reference (${owner}_id, device, network_id, pool_id, volume_id)
    SELECT ${row}.id, named.device, named.network_id, named.pool_id,
      CASE WHEN named.volume_id IS NOT NULL THEN coalesce(found.id, ${nobody}) END
    FROM ${named(row)} LEFT JOIN LATERAL (
      SELECT volume.id FROM volume
      WHERE volume.id = named.volume_id AND volume.pool_id = named.pool_id AND volume.name = ${row}.devices->named.device->>'source'
      FOR SHARE
    ) AS found ON true`;
}

/** For a row whose devices changed: two members of a WITH list. No row is touched by both. */
export function referencesChanged(owner: 'instance' | 'profile', row: string): string {
  return `references_gone AS (
      DELETE FROM ${owner}_reference USING ${row}
      WHERE ${owner}_id = ${row}.id AND device NOT IN (SELECT named.device FROM ${named(row)})
    ), references_made AS (
      ${referencesMade(owner, row)}
      ON CONFLICT (${owner}_id, device) DO UPDATE
        SET network_id = excluded.network_id, pool_id = excluded.pool_id, volume_id = excluded.volume_id
    )`;
}

/**
 * The profiles of an instance: `names` and `seen` are places of parameters. FOR SHARE waits for a change of the profile
 * that is under way and compares with what it has become.
 */
export function profilesMade(row: string, names: string, seen: string): string {
  return `INSERT INTO instance_profile (instance_id, position, profile_id)
    SELECT ${row}.id, wanted.position, coalesce(found.id, ${nobody})
    FROM ${row}, unnest(${names}::text[], ${seen}::jsonb[]) WITH ORDINALITY AS wanted (name, seen, position)
    LEFT JOIN LATERAL (
      SELECT profile.id FROM profile
      WHERE profile.project = ${row}.project AND profile.name = wanted.name
        AND (wanted.seen IS NULL OR wanted.seen = jsonb_build_object('config', profile.config, 'devices', profile.devices))
      FOR SHARE
    ) AS found ON true`;
}

/** For an instance whose profiles change: two members of a WITH list. No row is touched by both. */
export function profilesChanged(row: string, names: string, seen: string): string {
  return `profiles_gone AS (
      DELETE FROM instance_profile USING ${row} WHERE instance_id = ${row}.id AND position > cardinality(${names}::text[])
    ), profiles_made AS (
      ${profilesMade(row, names, seen)}
      ON CONFLICT (instance_id, position) DO UPDATE SET profile_id = excluded.profile_id
    )`;
}
