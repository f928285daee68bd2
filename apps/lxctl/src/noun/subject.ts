import type { DeviceMap, StringMap } from '#lib/base';
import type { LxctlClient, Reply } from '#lib/client';
import type { Call } from '../run/verb.ts';
import { finish } from '../run/progress.ts';

/** What a change sends: the fields of an object that may be written. */
export interface Body {
  config: StringMap;
  devices?: DeviceMap;
  description?: string;
  [field: string]: unknown;
}

/** An object with configuration: an instance, a profile, a network, a pool, the server. */
export interface Subject {
  /** For texts: `instance c1`. */
  label: string;
  read(): Promise<Reply<Body>>;
  /** Returns when the change is in force. */
  write(body: Body, etag: string | null): Promise<void>;
  /** The fields that are shown for editing and sent back. */
  fields: readonly string[];
}

type Context = Pick<Call, 'io' | 'client' | 'config'>;

export function instanceSubject(context: Context, name: string): Subject {
  const { instances } = context.client;
  return {
    label: `instance ${name}`,
    fields: ['architecture', 'config', 'devices', 'ephemeral', 'profiles', 'stateful', 'description'],
    read: async () => asBody(await instances.read(name)),
    write: async (body, etag) => {
      await finish(context, await instances.replace(name, body, etag), `Updating ${name}`);
    },
  };
}

export function profileSubject({ client }: Context, name: string): Subject {
  return {
    label: `profile ${name}`,
    fields: ['config', 'description', 'devices'],
    read: async () => asBody(await client.profiles.read(name)),
    write: (body, etag) => client.profiles.replace(name, { description: '', devices: {}, ...body }, etag),
  };
}

export function networkSubject({ client }: Context, name: string): Subject {
  return plainSubject(`network ${name}`, client.networks, name);
}

export function poolSubject({ client }: Context, name: string): Subject {
  return plainSubject(`storage pool ${name}`, client.pools, name);
}

export function serverSubject({ client }: { client: LxctlClient }): Subject {
  return {
    label: 'server',
    fields: ['config'],
    read: async () => asBody(await client.server.read()),
    write: (body, etag) => client.server.replace(body.config, etag),
  };
}

interface Plain {
  read(name: string): Promise<Reply<unknown>>;
  replace(name: string, body: { config: StringMap; description: string }, etag?: string | null): Promise<void>;
}

function plainSubject(label: string, resource: Plain, name: string): Subject {
  return {
    label,
    fields: ['config', 'description'],
    read: async () => asBody(await resource.read(name)),
    write: (body, etag) => resource.replace(name, { description: '', ...body }, etag),
  };
}

function asBody(reply: Reply<unknown>): Reply<Body> {
  return reply as Reply<Body>;
}

/** Only what may be written back. */
export function writable(subject: Subject, object: Body): Body {
  const entries = subject.fields.filter((field) => object[field] !== undefined).map((field) => [field, object[field]]);
  return Object.fromEntries(entries) as Body;
}

/** Reads, changes a copy, writes it back unless another changed the object meanwhile. */
export async function change(subject: Subject, edit: (body: Body) => void): Promise<void> {
  const { metadata, etag } = await subject.read();
  const body = structuredClone(writable(subject, metadata));
  edit(body);
  await subject.write(body, etag);
}
