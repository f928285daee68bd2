import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/**
 * `node e2e/description/derive.mjs rest-api.yaml` writes answers.json beside this file: for each method and path of an OpenAPI
 * description of LXD's API, which kind of answer it gives, and the names and types of what is in it. Nothing else is kept.
 */

const { definitions, paths } = parse(readFileSync(process.argv[2] ?? '', 'utf8'));

/** Names and types alone. */
function typesOf({ $ref, type, format, properties, items, additionalProperties }) {
  if ($ref) return { $ref: `#/definitions/${$ref.split('/').at(-1)}` };
  if (properties)
    return { type: 'object', properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, typesOf(each)])) };
  if (type === 'array') return { type, items: typesOf(items) };
  if (additionalProperties) return { type: 'object', additionalProperties: typesOf(additionalProperties) };
  if (type === 'integer' || type === 'number') return { type };
  return type ? { type, ...(format === 'date-time' ? { format } : {}) } : {};
}

/** 'operation', 'empty', a schema of the metadata, or null for what is no JSON. */
function answerOf(responses) {
  if (Object.values(responses).some((each) => each.$ref?.endsWith('/Operation'))) return 'operation';
  const good = responses['200'] ?? responses['201'];
  if (good?.$ref?.endsWith('/EmptySyncResponse')) return 'empty';
  const metadata = good?.schema?.properties?.metadata;
  return metadata ? typesOf(metadata) : null;
}

const answers = {};
for (const [path, verbs] of Object.entries(paths)) {
  // The first are for strangers; the second are maps by status, which the description has not.
  if (path.includes('?public') || path.startsWith('/1.0/operations?') || path === '/1.0/operations') continue;
  for (const [verb, { responses }] of Object.entries(verbs)) {
    const answer = answerOf(responses);
    if (answer !== null) answers[`${verb.toUpperCase()} ${path}`] = answer;
  }
}

/** Only what the answers speak of. */
const used = {};
function use(schema) {
  if (schema === null || typeof schema !== 'object') return;
  const name = schema.$ref?.split('/').at(-1);
  if (name && !used[name]) {
    used[name] = typesOf(definitions[name]);
    use(used[name]);
  }
  for (const each of Object.values(schema)) use(each);
}
use({ operation: { $ref: '#/definitions/Operation' }, answers });

const sorted = (map) => Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(join(import.meta.dirname, 'answers.json'), `${JSON.stringify({ definitions: sorted(used), answers: sorted(answers) })}\n`);
