import { row } from './catalogue.ts';

/** Errors about profiles. */
export const profileErrors = {
  'profile.not_found': row(404, () => 'Profile not found', 'No profile has this name in the project.'),
  'profile.exists': row<{ name: string }>(
    409,
    ({ name }) => `The profile ${JSON.stringify(name)} already exists`,
    'Names are unique in a project.',
  ),
  'profile.name_in_use': row<{ name: string }>(
    409,
    ({ name }) => `Name ${JSON.stringify(name)} already in use`,
    'A profile cannot take the name of another.',
  ),
  'profile.in_use': row(400, () => 'Profile is currently in use', 'Remove the profile from the instances that use it first.'),
  'profile.root_in_use': row(
    400,
    () => "At least one instance relies on this profile's root disk device",
    'The root disk of an instance stays in its pool: it cannot be removed from the profile that gives it, or name another pool.',
  ),
  'profile.not_applied': row<{ failures: readonly { project: string; name: string; reason: string }[] }>(
    500,
    ({ failures }) =>
      `The following instances failed to update (profile change still saved):\n${failures
        .map(({ project, name, reason }) => ` - Project: ${project}, Instance: ${name}: ${reason}`)
        .join('\n')}`,
    'The profile is changed. The instances that are named run on as before; they get the change when they are started again.',
  ),
  'profile.default_rename': row(
    403,
    () => "The 'default' profile cannot be renamed",
    'New instances get the profile `default` unless they say otherwise.',
  ),
  'profile.default_delete': row(
    403,
    () => "The 'default' profile cannot be deleted",
    'New instances get the profile `default` unless they say otherwise.',
  ),
} as const;
