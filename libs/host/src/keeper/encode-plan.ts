import type { DeviceMount, LaunchPlan, Layer, MountFlag, MountStep, Namespace, RoomPlan, RootPlan } from '../launch-plan.ts';
import { ByteWriter } from './bytes.ts';
import { encodeLink } from './encode-link.ts';
import { protocolVersion } from './protocol.ts';

/** Bits in the order of native/src/keeper/plan.cc. */
const namespaceBits: readonly Namespace[] = ['user', 'mount', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'];
const mountBits: readonly MountFlag[] = ['readonly', 'nosuid', 'nodev', 'noexec', 'relatime', 'strictatime', 'slave'];
const createCodes = { none: 0, file: 1, directory: 2 } as const;
const unlimited = 2n ** 64n - 1n;

/** The body of a LAUNCH message. A text with a zero byte in it is refused by the keeper. */
export function encodePlan(plan: LaunchPlan): Buffer {
  const out = new ByteWriter();
  const text = (value: string): unknown => out.text(value);
  encodeIdentity(out, plan);
  const { cgroups } = plan;
  out.list(cgroups.create, (directory) => out.text(directory.path).flag(directory.delegate));
  out.list(cgroups.write, (file) => out.text(file.path).text(file.value));
  out.optional(cgroups.cloneInto, text).list(cgroups.join, text).list(cgroups.remove, text);
  out.list(plan.layers, (layer) => encodeLayer(out, layer));
  out.list(plan.links, (link) => encodeLink(out, link));
  encodeRoot(out, plan.root);
  out.list(plan.mounts, (step) => encodeMount(out, step));
  out.text(plan.hostname);
  out.list(plan.rlimits, (limit) => out.text(limit.resource).u64(rlimit(limit.soft)).u64(rlimit(limit.hard)));
  out.list(plan.sysctls, (sysctl) => out.text(sysctl.key).text(sysctl.value));
  encodeFilter(out, plan);
  out.list(plan.init.argv, text).list(plan.init.env, text).text(plan.init.cwd).u32(plan.init.uid).u32(plan.init.gid);
  out.u32(plan.console.ringBytes).u16(plan.console.columns).u16(plan.console.rows).text(plan.console.logPath);
  return out.done();
}

/** The body of a ROOM message. */
export function encodeRoom(plan: RoomPlan): Buffer {
  const out = new ByteWriter();
  encodeIdentity(out, plan);
  out.list(plan.layers, (layer) => encodeLayer(out, layer));
  encodeRoot(out, plan.root);
  encodeFilter(out, plan);
  return out.done();
}

function encodeIdentity(out: ByteWriter, { id, name, runDir, namespaces, idMap }: RoomPlan): void {
  out.u32(protocolVersion).text(id).text(name).text(runDir).u32(bits(namespaceBits, namespaces));
  for (const ranges of [idMap.uid, idMap.gid]) out.list(ranges, (range) => out.u32(range.inside).u32(range.outside).u32(range.count));
}

function encodeFilter(out: ByteWriter, { dropCapabilities, seccomp }: RoomPlan): void {
  out.list(dropCapabilities, (capability) => out.u32(capability));
  out.blob(seccomp ?? new Uint8Array());
}

/** The body of a MOUNT message. */
export function encodeDevice({ layer, ...step }: DeviceMount): Buffer {
  const out = new ByteWriter();
  encodeLayer(out, layer);
  encodeMount(out, { op: 'layer', layer: 0, ...step });
  return out.done();
}

function encodeLayer(out: ByteWriter, { path, idmapped, readonly, optional, recursive = false, plain = false, node = null }: Layer): void {
  out.text(path).flag(idmapped).flag(readonly).flag(optional).flag(recursive).flag(plain);
  out.optional(node, ({ kind, major, minor, mode, uid, gid }) =>
    out
      .flag(kind === 'block')
      .u32(major)
      .u32(minor)
      .u32(mode)
      .u32(uid)
      .u32(gid),
  );
}

function bits<T>(table: readonly T[], values: readonly T[]): number {
  return values.reduce((sum, value) => sum | (1 << table.indexOf(value)), 0);
}

function rlimit(value: number | null): bigint {
  return value === null ? unlimited : BigInt(value);
}

function encodeRoot(out: ByteWriter, root: RootPlan): void {
  if (root.kind === 'overlay')
    out
      .u8(0)
      .list(root.lower, (layer) => out.u32(layer))
      .u32(root.upper);
  else
    out
      .u8(1)
      .list([root.layer], (layer) => out.u32(layer))
      .u32(0);
}

function encodeMount(out: ByteWriter, step: MountStep): void {
  const codes = { fs: 0, layer: 1, mkdir: 2, symlink: 3, console: 4, file: 5 } as const;
  out.u8(codes[step.op]).text(step.target);
  if (step.op === 'fs') out.text(step.fstype).text(step.source).text(step.data).flag(step.early).u32(bits(mountBits, step.flags));
  if (step.op === 'layer')
    out
      .u32(step.layer)
      .u8(createCodes[step.create ?? 'none'])
      .u32(bits(mountBits, step.flags));
  if (step.op === 'mkdir') out.u32(step.mode);
  if (step.op === 'symlink') out.text(step.to);
  if (step.op === 'file') out.blob(step.content).u32(step.mode).flag(step.createOnly).flag(step.once);
}
