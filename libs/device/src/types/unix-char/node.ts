import type { StringMap } from '#lib/base';
import { isTrue, type KeyCatalogue, keyTypes, LxError, problemsOf } from '#lib/contract';
import type { DeviceNode, Place } from '#lib/host';
import type { AttachedDevice, DeviceLife, DeviceType } from '../../device-type.ts';
import { insidePath } from '../../inside-path.ts';
import { nodeMount, type NodeOwner, nodeOwner, ownerOptions } from '../../nodes.ts';

type Kind = DeviceNode['kind'];

/** What is recorded of an attached device node. */
type AttachedNode = AttachedDevice & {
  source: string;
  target: string;
  /** As its options say; null: those of the source. */
  numbers: { major: number; minor: number } | null;
  required: boolean;
} & NodeOwner;

const { bool, integer, oneOf, text } = keyTypes;
const number = integer({ min: 0, max: 0xfffff });

/** The rows of a kind's catalogue. */
export function nodeOptions(kind: Kind) {
  return {
    type: { type: oneOf(`unix-${kind}`), doc: 'What the device is.', live: false },
    source: { type: text, doc: 'Path on the host. Left out: the same as inside.', live: false },
    path: { type: text, doc: 'Path inside. Left out: the same as on the host.', live: false },
    major: { type: number, doc: "Major number. Left out: the source's.", live: false },
    minor: { type: number, doc: "Minor number. Left out: the source's.", live: false },
    ...ownerOptions,
    required: {
      type: bool,
      doc: 'Whether the instance starts only with the device there. `false`: it comes and goes as the host has it.',
      default: 'true',
      live: false,
    },
  } as const;
}

/** Device nodes of one kind: the guest gets one of its own, with the numbers of the host's. */
export function unixNode(kind: Kind, catalogue: KeyCatalogue): DeviceType {
  return {
    catalogue,
    unsupported: [],
    problems: nodeProblems,
    place: (options) => insidePath(options.path || options.source),
    async lacks(places, _device, options) {
      const source = sourceOf(options);
      if (numbersOf(options)) return null;
      const place = await places.look(source);
      return place === null && !isTrue(options.required, true) ? null : placeProblem(kind, source, place);
    },
    life: nodeLife(kind) as unknown as DeviceLife,
  };
}

function nodeLife(kind: Kind): DeviceLife<AttachedNode> {
  return {
    choose: (_owner, device, options) => ({
      type: `unix-${kind}`,
      device,
      source: sourceOf(options),
      target: insidePath(options.path || options.source),
      numbers: numbersOf(options),
      ...nodeOwner(options),
      required: isTrue(options.required, true),
    }),

    async find({ places }, options) {
      const path = sourceOf(options);
      const numbers = numbersOf(options);
      if (numbers) return [{ path, kind, ...numbers }];
      const place = await places.look(path);
      return place && !placeProblem(kind, path, place) ? [{ path, kind, major: place.major, minor: place.minor }] : [];
    },

    awaits: ({ required, numbers, source }) => (required || numbers ? null : { paths: [source] }),

    async attach({ places }, _owner, { device, source, target, required, found = [], ...owned }) {
      if (found.length === 0 && required) {
        const reason = placeProblem(kind, source, await places.look(source)) ?? 'it has just appeared';
        throw new LxError('device.not_started', { device, reason });
      }
      return { mounts: found.map((each) => nodeMount(each, target, owned)) };
    },

    async detach() {},

    inside: ({ target }) => ({ mounts: [{ target, remove: true }] }),

    changed: (attached) => attached,

    async update() {},

    shown: () => ({}),
  };
}

/** What every instance has in /dev by itself. */
const own =
  /^\/dev\/(null|zero|full|random|urandom|tty|fuse|net\/tun|console|ptmx|core|fd|stdin|stdout|stderr|(pts|shm|mqueue|net|fd)(\/.*)?)$/;

function nodeProblems({ source, path, major, minor }: StringMap): string[] {
  const target = insidePath(path || source);
  return problemsOf([
    [!source && !path, 'Unix device entry is missing the required "source" or "path" property'],
    [(source || path) && !(source || path)?.startsWith('/'), 'The source of a Unix device must be an absolute path'],
    [!major !== !minor, '"major" and "minor" need each other'],
    [own.test(target) || /^\/(dev|(proc|sys)(\/.*)?)?$/.test(target), `Path "${target}" is where the server itself mounts`],
  ]);
}

/** Links in the host's /dev are udev's; elsewhere others could make them. */
function placeProblem(kind: Kind, source: string, place: Place | null): string | null {
  if (place === null) return "The required device path doesn't exist and the major and minor settings are not specified";
  if (place.linked && !source.startsWith('/dev/')) return `Source path "${source}" leads through a symbolic link: name where it leads to`;
  return place.kind === kind ? null : `Path specified is not a unix-${kind} device`;
}

function sourceOf({ source, path }: StringMap): string {
  return insidePath(source || path);
}

function numbersOf({ major, minor }: StringMap): AttachedNode['numbers'] {
  return major && minor ? { major: Number(major), minor: Number(minor) } : null;
}
