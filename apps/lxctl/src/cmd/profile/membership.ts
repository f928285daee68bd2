import { change, instanceSubject } from '../../noun/subject.ts';
import { print } from '../../output/print.ts';
import { instanceName } from '../../run/name.ts';
import type { Call } from '../../run/verb.ts';

/** Changes the list of profiles of an instance. */
export async function changeProfiles(
  call: Pick<Call, 'io' | 'client' | 'config'>,
  typed: string,
  edit: (profiles: readonly string[]) => string[],
  said: (name: string) => string,
): Promise<void> {
  const name = instanceName(typed);
  await change(instanceSubject(call, name), (body) => {
    body.profiles = edit((body.profiles as string[] | null) ?? []);
  });
  if (!call.config.quiet) print(call.io, said(name));
}
