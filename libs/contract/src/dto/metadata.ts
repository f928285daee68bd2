import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Min, ValidateBy } from 'class-validator';
import type { StringMap } from '#lib/base';
import type { WireImageTemplate } from '../wire/image.ts';
import { IsStringMap } from './maps.ts';

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTemplate(value: unknown): boolean {
  if (!isMap(value)) return false;
  const { when, create_only, template, properties } = value;
  const isText = (entry: unknown) => typeof entry === 'string';
  return (
    Array.isArray(when) &&
    when.every(isText) &&
    typeof create_only === 'boolean' &&
    isText(template) &&
    isMap(properties) &&
    Object.values(properties).every(isText)
  );
}

/** What is absent or null in a template is empty, as in LXD. */
function whole(value: unknown): unknown {
  if (!isMap(value)) return value;
  const { when, create_only, template, properties } = value;
  return { when: when ?? [], create_only: create_only ?? false, template: template ?? '', properties: properties ?? {} };
}

/** A map of paths to templates. */
function IsTemplateMap(): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }: { value: unknown }) =>
      isMap(value) ? Object.fromEntries(Object.entries(value).map(([path, template]) => [path, whole(template)])) : value,
    )(target, property);
    ValidateBy({
      name: 'isTemplateMap',
      validator: {
        validate: (value) => isMap(value) && Object.values(value).every(isTemplate),
        defaultMessage: (args) => `${args?.property} must be a map of templates, each with when, create_only, template and properties`,
      },
    })(target, property);
  };
}

/** Body of `PUT /1.0/instances/{name}/metadata`: what is absent becomes empty. */
export class MetadataPutBody {
  @IsString() architecture: string = '';
  @IsInt() @Min(0) creation_date: number = 0;
  @IsInt() @Min(0) expiry_date: number = 0;
  @IsStringMap() properties: StringMap = {};
  @IsTemplateMap() templates: Record<string, WireImageTemplate> = {};
}

/** Body of `PATCH /1.0/instances/{name}/metadata`: what is absent stays, and maps are merged. */
export class MetadataPatchBody {
  @IsOptional() @IsString() architecture?: string;
  @IsOptional() @IsInt() @Min(0) creation_date?: number;
  @IsOptional() @IsInt() @Min(0) expiry_date?: number;
  @IsOptional() @IsStringMap() properties?: StringMap;
  @IsOptional() @IsTemplateMap() templates?: Record<string, WireImageTemplate>;
}
