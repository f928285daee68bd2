import type { JsonObject, StringMap } from '#lib/base';
import { problemsOf, type WireImageMetadata, type WireImageTemplate } from '#lib/contract';

/** What has templates written. */
export const triggers = ['create', 'copy', 'rename', 'start'] as const;

/** An instance that was made from nothing has none. */
export const noMetadata: WireImageMetadata = { architecture: '', creation_date: 0, expiry_date: 0, properties: {}, templates: {} };

/** What an image's metadata.yaml says, in the shape of the wire: the document is a stranger's. */
export function metadataOf(document: JsonObject): WireImageMetadata {
  return {
    architecture: typeof document.architecture === 'string' ? document.architecture : '',
    creation_date: seconds(document.creation_date),
    expiry_date: seconds(document.expiry_date),
    properties: texts(document.properties),
    templates: Object.fromEntries(Object.entries(mapOf(document.templates)).map(([path, template]) => [path, templateOf(mapOf(template))])),
  };
}

function templateOf({ when, create_only, template, properties }: JsonObject): WireImageTemplate {
  return {
    when: Array.isArray(when) ? when.filter((trigger): trigger is string => typeof trigger === 'string') : [],
    create_only: create_only === true,
    template: typeof template === 'string' ? template : '',
    properties: texts(properties),
  };
}

/** What is wrong with metadata that a client gives. */
export function metadataProblems({ templates }: WireImageMetadata): string[] {
  return Object.entries(templates).flatMap(([path, { when, template }]) =>
    problemsOf([
      [!path.startsWith('/'), `The path ${JSON.stringify(path)} of a template is not absolute`],
      [!isTemplateName(template), `Invalid template filename ${JSON.stringify(template)} for ${JSON.stringify(path)}`],
      ...when.map((word): [boolean, string] => [
        !(triggers as readonly string[]).includes(word),
        `Unknown trigger ${JSON.stringify(word)} of the template for ${JSON.stringify(path)}; there are ${triggers.join(', ')}`,
      ]),
    ]),
  );
}

/** A file directly in the directory of the templates. */
export function isTemplateName(name: string): boolean {
  return /^[^/\0]+$/.test(name) && !name.startsWith('.') && Buffer.byteLength(name) <= 200;
}

function mapOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function texts(value: unknown): StringMap {
  const entries = Object.entries(mapOf(value)).filter(([, entry]) => ['string', 'number', 'boolean'].includes(typeof entry));
  return Object.fromEntries(entries.map(([key, entry]) => [key, String(entry as string)]));
}

function seconds(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(Math.trunc(value)) && value > 0 ? Math.trunc(value) : 0;
}
