import type { DeviceMap, StringMap } from '#lib/base';
import { print, printYaml } from '../output/print.ts';
import { keyValues } from '../run/name.ts';
import { type Call, CommandError, defineVerb, UsageError } from '../run/verb.ts';
import { type Body, change, type Subject } from './subject.ts';

/** How the verbs of one noun find what they work on. */
export interface DeviceNoun {
  /** As in the usage: `instance`, `profile`. */
  word: string;
  subject(call: Pick<Call, 'io' | 'client' | 'config'>, typed: string): Subject;
}

export function addDevice({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<name> <device> <type> [key=value...]',
    usage: `<${word}> <device> <type> [key=value...]`,
    flags: {},
    async run(call) {
      const [name, device, type, ...options] = call.args;
      await change(subject(call, name), (body) => {
        putDevice(body, device, { ...pairs(options), type });
      });
      say(call, `Device ${device} added to ${name}`);
    },
  });
}

/** A device of a profile becomes the instance's own, with options of its own. */
export function overrideDevice({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<name> <device> [key=value...]',
    usage: `<${word}> <device> [key=value...]`,
    flags: {},
    async run(call) {
      const [name, device, ...options] = call.args;
      const whole = subject(call, name);
      const { metadata } = await whole.read();
      if (devicesOf(metadata)[device]) throw new CommandError('The device already exists');
      const inherited = (metadata.expanded_devices as DeviceMap | undefined)?.[device];
      if (!inherited) throw new CommandError("The profile device doesn't exist");
      await change(whole, (body) => {
        devicesOf(body)[device] = { ...inherited, ...pairs(options) };
      });
      say(call, `Device ${device} overridden for ${name}`);
    },
  });
}

export function removeDevice({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<name> <device...>',
    usage: `<${word}> <device>...`,
    flags: {},
    async run(call) {
      const [name, ...gone] = call.args;
      await change(subject(call, name), (body) => {
        for (const device of gone) {
          deviceOf(body, device);
          delete devicesOf(body)[device];
        }
      });
      say(call, `Device ${gone.join(', ')} removed from ${name}`);
    },
  });
}

export function listDevices({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<name>',
    usage: `<${word}>`,
    flags: {},
    async run(call) {
      const { metadata } = await subject(call, call.args[0]).read();
      for (const device of Object.keys(devicesOf(metadata)).sort()) print(call.io, device);
    },
  });
}

export function showDevices({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<name>',
    usage: `<${word}>`,
    flags: {},
    async run(call) {
      const { metadata } = await subject(call, call.args[0]).read();
      await printYaml(call.io, devicesOf(metadata));
    },
  });
}

export function getDeviceKey({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<name> <device> <key>',
    usage: `<${word}> <device> <key>`,
    flags: {},
    async run(call) {
      const [name, device, key] = call.args;
      const { metadata } = await subject(call, name).read();
      print(call.io, deviceOf(metadata, device)[key] ?? '');
    },
  });
}

export function setDeviceKeys({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<name> <device> <key=value...>',
    usage: `<${word}> <device> <key>=<value>...`,
    flags: {},
    async run(call) {
      const [name, device, ...words] = call.args;
      const given = keyValues(words);
      await change(subject(call, name), (body) => {
        const options = deviceOf(body, device);
        for (const [key, value] of Object.entries(given)) {
          if (value === '') delete options[key];
          else options[key] = value;
        }
      });
    },
  });
}

export function unsetDeviceKey({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<name> <device> <key>',
    usage: `<${word}> <device> <key>`,
    flags: {},
    async run(call) {
      const [name, device, key] = call.args;
      await change(subject(call, name), (body) => {
        const options = deviceOf(body, device);
        if (options[key] === undefined) throw new CommandError(`Can't unset key "${key}": it is not set on device ${device}`);
        delete options[key];
      });
    },
  });
}

/** One that is not there yet. */
export function putDevice(body: Body, device: string, options: StringMap): void {
  const devices = devicesOf(body);
  if (devices[device]) throw new CommandError('The device already exists');
  devices[device] = options;
}

/** Takes away the one device that is meant, called `wanted` if that is given, and returns its name. `what`: what it is of. */
export function takeDevice(body: Body, isMeant: (options: StringMap) => boolean, wanted: string | undefined, what: string): string {
  const devices = devicesOf(body);
  const [device, another] = Object.keys(devices).filter(
    (name) => isMeant(devices[name] ?? {}) && (wanted === undefined || name === wanted),
  );
  if (another !== undefined) throw new CommandError('More than one device matches, specify the device name');
  if (device === undefined) throw new CommandError(`No device found for this ${what}`);
  delete devices[device];
  return device;
}

export function devicesOf(body: Body): DeviceMap {
  body.devices ??= {};
  return body.devices;
}

function deviceOf(body: Body, device: string): StringMap {
  const options = devicesOf(body)[device];
  if (options) return options;
  if ((body.expanded_devices as DeviceMap | undefined)?.[device]) {
    throw new CommandError(`The device ${device} comes from a profile: change it there, or override it for this instance`);
  }
  throw new CommandError("Device doesn't exist");
}

function pairs(words: readonly string[]): StringMap {
  for (const word of words) if (!/^[^=]+=/.test(word)) throw new UsageError(`"${word}" is not of the form key=value`);
  return words.length === 0 ? {} : keyValues(words);
}

function say({ io, config }: Pick<Call, 'io' | 'config'>, text: string): void {
  if (!config.quiet) print(io, text);
}
