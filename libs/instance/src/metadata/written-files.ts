import type { DeviceMap, StringMap } from '#lib/base';
import { LxError, type WireImageTemplate } from '#lib/contract';
import type { MountStep } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import { fromJson, renderTemplate, TemplateError, type Value } from '#lib/template';
import { templateKey } from '../volatile.ts';
import type { MetadataFiles } from './metadata-files.ts';

export type FileStep = Extract<MountStep, { op: 'file' }>;
type Expanded = { config: StringMap; devices: DeviceMap };

/** Bytes of all files of a start: they go to the keeper in one message. */
export const mostWritten = 96 * 1024;

/**
 * The files that a start writes into the instance: those of what has happened since it last ran (it was made, or renamed),
 * then those of every start. LxError 'template.invalid' names the template that is at fault.
 */
export async function writtenFiles(files: MetadataFiles, row: InstanceRow, expanded: Expanded): Promise<FileStep[]> {
  const { templates } = await files.read(row);
  if (Object.keys(templates).length === 0) return [];
  const pending = row.volatile[templateKey];
  const steps: FileStep[] = [];
  let size = 0;
  for (const trigger of pending ? [pending, 'start'] : ['start']) {
    for (const [path, template] of Object.entries(templates).sort(([one], [other]) => (one < other ? -1 : 1))) {
      if (!template.when.includes(trigger)) continue;
      const content = Buffer.from(await rendered(files, row, template, variables(row, expanded, { trigger, path, template })));
      size += content.length;
      if (size > mostWritten) throw new LxError('template.invalid', { problem: `The templates make more than ${mostWritten} bytes` });
      const target = path.startsWith('/') ? path : `/${path}`;
      steps.push({ op: 'file', target, content, mode: 0o644, createOnly: template.create_only, once: trigger !== 'start' });
    }
  }
  return steps;
}

async function rendered(
  files: MetadataFiles,
  row: InstanceRow,
  { template }: WireImageTemplate,
  names: ReadonlyMap<string, Value>,
): Promise<string> {
  try {
    return renderTemplate(template, await files.template(row, template), names);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new LxError('template.invalid', { problem: error.message }, { cause: error });
  }
}

/** What LXD's templates know. */
function variables(
  row: InstanceRow,
  expanded: Expanded,
  { trigger, path, template }: { trigger: string; path: string; template: WireImageTemplate },
): ReadonlyMap<string, Value> {
  const config: StringMap = { ...row.volatile, ...expanded.config };
  const instance = fromJson({
    name: row.name,
    type: 'container',
    architecture: row.architecture,
    // Every instance has a user namespace.
    privileged: 'false',
    ephemeral: String(row.ephemeral),
  });
  return new Map<string, Value>([
    ['trigger', trigger],
    ['path', path],
    ['instance', instance],
    ['container', instance],
    ['config', fromJson(config)],
    ['devices', fromJson(expanded.devices)],
    ['properties', fromJson(template.properties)],
    [
      'config_get',
      ([key = null, otherwise = null]) =>
        typeof key === 'string' && Object.hasOwn(config, key) ? (config[key] ?? '').replace(/[\r\n]+$/, '') : otherwise,
    ],
  ]);
}
