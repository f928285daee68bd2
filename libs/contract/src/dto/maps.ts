import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';

function isTextMap(value: unknown): value is Record<string, string> {
  return isMap(value) && Object.values(value).every((entry) => typeof entry === 'string');
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads null as empty text, which unsets a key. LXD does so in all maps (Go's decoder leaves the zero value), and clients
 * send null for keys that they remove.
 */
function withoutNulls(value: unknown): unknown {
  return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, entry ?? ''])) : value;
}

/** A map of text to text (LXD's `config`, `properties`, `environment`). */
export function IsStringMap(): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }) => withoutNulls(value))(target, property);
    ValidateBy({
      name: 'isStringMap',
      validator: { validate: isTextMap, defaultMessage: (args) => `${args?.property} must be a map of strings` },
    })(target, property);
  };
}

/** An option without text is one that is not given: LXD keeps none of them. */
function withoutEmpty(options: unknown): unknown {
  if (!isMap(options)) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null && value !== ''));
}

/** A map of device names to their options. A device that is null has none, and so no type: it is refused as such. */
export function IsDeviceMap(): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }) =>
      isMap(value) ? Object.fromEntries(Object.entries(value).map(([name, options]) => [name, withoutEmpty(options ?? {})])) : value,
    )(target, property);
    ValidateBy({
      name: 'isDeviceMap',
      validator: {
        validate: (value) => isMap(value) && Object.values(value).every(isTextMap),
        defaultMessage: (args) => `${args?.property} must be a map of devices, each a map of strings`,
      },
    })(target, property);
  };
}
