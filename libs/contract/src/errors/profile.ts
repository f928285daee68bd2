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
