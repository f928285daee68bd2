import { CommandError } from '../run/verb.ts';
import { change, type Subject } from './subject.ts';

/** Empty for a key that is not set, as `lxc` has it. `expanded`: with what profiles bring. */
export async function getKey(subject: Subject, key: string, expanded = false): Promise<string> {
  const { metadata } = await subject.read();
  const config = (expanded ? metadata.expanded_config : metadata.config) as Record<string, string | null> | undefined;
  return config?.[key] ?? '';
}

/** A value of `-` is read from the standard input by the caller; an empty one takes the key away. */
export function setKeys(subject: Subject, pairs: Record<string, string>): Promise<void> {
  return change(subject, (body) => {
    for (const [key, value] of Object.entries(pairs)) {
      if (value === '') delete body.config[key];
      else body.config[key] = value;
    }
  });
}

export function unsetKey(subject: Subject, key: string): Promise<void> {
  return change(subject, (body) => {
    if (body.config[key] === undefined) throw new CommandError(`Can't unset key "${key}": it is not set on ${subject.label}`);
    delete body.config[key];
  });
}
