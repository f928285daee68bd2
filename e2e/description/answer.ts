import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type SchemaObject, type ValidateFunction } from 'ajv';
import { departures } from './departures.ts';

type Described = 'operation' | 'empty' | SchemaObject;

interface Description {
  definitions: Record<string, SchemaObject>;
  answers: Record<string, Described>;
}

export interface Answered {
  method: string;
  /** With its query. */
  path: string;
  status: number;
  headers: Record<string, string>;
}

/** What derive.mjs made of the OpenAPI description of LXD 5.0.2. */
const { definitions, answers } = JSON.parse(readFileSync(join(import.meta.dirname, 'answers.json'), 'utf8')) as Description;

const ajv = new Ajv({ allErrors: true, strict: false });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
ajv.addSchema({
  $id: 'lxd',
  definitions: Object.fromEntries(Object.entries(definitions).map(([name, each]) => [name, exact(name, each)])),
});
const compiled = new Map<string, ValidateFunction>();

/** Every property is there and no other, but for the departures. */
function exact(name: string, schema: SchemaObject): SchemaObject {
  if (!schema.properties) return schema;
  const { optional = [], nullable = [] } = departures[name] ?? {};
  const properties = { ...schema.properties } as Record<string, SchemaObject>;
  for (const each of nullable) properties[each] = { anyOf: [{ type: 'null' }, properties[each] ?? {}] };
  return {
    type: 'object',
    properties,
    required: Object.keys(properties).filter((each) => !optional.includes(each)),
    additionalProperties: false,
  };
}

interface Envelope {
  type?: string;
  metadata?: unknown;
  error?: unknown;
  error_code?: number;
}

/** What an answer has that the description of this endpoint has not; [] for one that it does not know. */
export function answerProblems({ method, path, status, headers }: Answered, body: unknown): string[] {
  const envelope = (body ?? {}) as Envelope;
  if (status >= 400) return isRefusal(envelope, status) ? [] : [`is no error of status ${status}: ${JSON.stringify(body)}`];
  const described = describedAs(method, path);
  if (described === undefined) return [];
  // What changes something may be answered at once or with an operation, in LXD too from case to case.
  if (typeof described === 'string') return changeProblems(envelope, headers['location']);
  return schemaProblems(described, envelope.metadata);
}

function isRefusal({ type, error, error_code }: Envelope, status: number): boolean {
  return type === 'error' && typeof error === 'string' && error_code === status;
}

function changeProblems({ type, metadata }: Envelope, location: string | undefined): string[] {
  if (type === 'sync') return [];
  if (type !== 'async') return [`is ${type}, neither sync nor async`];
  const located = location?.startsWith('/1.0/operations/') ? [] : ['has no location'];
  return [...located, ...schemaProblems({ $ref: 'lxd#/definitions/Operation' }, metadata)];
}

function schemaProblems(schema: SchemaObject, metadata: unknown): string[] {
  const text = JSON.stringify(schema).replaceAll('"#/definitions/', '"lxd#/definitions/');
  const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text) as SchemaObject);
  compiled.set(text, validate);
  validate(metadata);
  return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
}

const patterns = Object.keys(answers).map((key) => {
  const [method = '', path = ''] = key.split(' ');
  return { key, method, pattern: new RegExp(`^${path.replaceAll('?', '\\?').replaceAll(/\{\w+\}/g, '[^/?]+')}$`) };
});

function describedAs(method: string, path: string): Described | undefined {
  const url = new URL(path, 'http://x');
  const recursion = Number(url.searchParams.get('recursion') ?? 0);
  for (let depth = recursion; depth >= 0; depth--) {
    const wanted = depth > 0 ? `${url.pathname}?recursion=${depth}` : url.pathname;
    const found = patterns.filter((each) => each.method === method && each.pattern.test(wanted));
    // What names its last part is more exact than a pattern.
    const key = (found.find(({ key: each }) => each === `${method} ${wanted}`) ?? found[0])?.key;
    if (key) return depth === 1 && key.includes('/instances/{name}?') ? { $ref: '#/definitions/InstanceFull' } : answers[key];
  }
  return undefined;
}
