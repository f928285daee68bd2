import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';

function isTextMap(value: unknown): value is Record<string, string> {
  return isMap(value) && Object.values(value).every((entry) => typeof entry === 'string');
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** null values are empty text, which unsets a key: clients send them for keys they drop. */
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

/** A map of device names to their options. */
export function IsDeviceMap(): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }) =>
      isMap(value) ? Object.fromEntries(Object.entries(value).map(([name, options]) => [name, withoutNulls(options)])) : value,
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
