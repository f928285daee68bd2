import { parse } from 'yaml';
import type { JsonObject, StringMap } from '#lib/base';
import { architectureName, LxError } from '#lib/contract';

/** What metadata.yaml says, checked. */
export interface ImageMetadata {
  /** The kernel's name, e.g. x86_64. */
  architecture: string;
  createdAt: Date | null;
  expiresAt: Date | null;
  properties: StringMap;
  /** The whole document. */
  document: JsonObject;
}

/** LxError 'image.invalid' naming every problem. */
export function parseMetadata(text: string | null): ImageMetadata {
  if (text === null) throw new LxError('image.invalid', { reason: 'it holds no metadata.yaml' });
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new LxError(
      'image.invalid',
      { reason: `metadata.yaml is not YAML: ${(error as Error).message.split('\n')[0]}` },
      { cause: error },
    );
  }
  if (!isObject(document)) throw new LxError('image.invalid', { reason: 'metadata.yaml is not a map' });
  const architecture = typeof document.architecture === 'string' ? architectureName(document.architecture) : null;
  const createdAt = seconds(document.creation_date);
  const problems = documentProblems(document, architecture, createdAt);
  if (problems.length > 0) throw new LxError('image.invalid', { reason: problems.join('; ') });
  return {
    architecture: architecture ?? '',
    createdAt,
    expiresAt: Number(document.expiry_date) > 0 ? seconds(document.expiry_date) : null,
    properties: texts(document.properties),
    document: JSON.parse(JSON.stringify(document)) as JsonObject,
  };
}

function documentProblems(document: Record<string, unknown>, architecture: string | null, createdAt: Date | null): string[] {
  const { architecture: name, creation_date: created, properties } = document;
  const problems: string[] = [];
  if (name === undefined) problems.push('metadata.yaml has no architecture');
  else if (architecture === null) problems.push(`metadata.yaml has the unknown architecture ${JSON.stringify(name)}`);
  if (created === undefined) problems.push('metadata.yaml has no creation_date');
  else if (createdAt === null) problems.push('creation_date in metadata.yaml is not a number of seconds');
  if (properties !== undefined && properties !== null && !isObject(properties)) problems.push('properties in metadata.yaml is not a map');
  return problems;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function seconds(value: unknown): Date | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 && value < 1e11 ? new Date(value * 1000) : null;
}

/** Values of a map as text, as LXD keeps properties. */
function texts(map: unknown): StringMap {
  if (!isObject(map)) return {};
  return Object.fromEntries(
    Object.entries(map)
      .filter(([, value]) => value !== null && typeof value !== 'object')
      .map(([key, value]) => [key, String(value)]),
  );
}
