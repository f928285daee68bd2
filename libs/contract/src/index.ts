export * from './api-extensions.ts';
export { architectureName } from './architectures.ts';
export * from './compression.ts';
export * from './errors/index.ts';
export * from './keys/define.ts';
export { parseCpuList } from './keys/cpus.ts';
export { foreignInstanceKeys } from './keys/foreign-instance-keys.ts';
export {
  instanceConfigProblems,
  instanceKeys,
  kernelResources,
  keyOf,
  type LiveInstanceKey,
  profileConfigProblems,
  togetherProblems,
} from './keys/instance.ts';
export type { RawIdRange } from './keys/idmap.ts';
export * from './keys/ipv4.ts';
export * from './keys/ipv6.ts';
export * from './keys/network.ts';
export * from './keys/pool.ts';
export * from './keys/server.ts';
export type { SystemCallRule } from './keys/syscalls.ts';
export * from './keys/volume.ts';
export { isTrue, type KeyType } from './keys/types.ts';
export * as keyTypes from './keys/types.ts';
export * from './operations.ts';
export * from './scope.ts';
export * from './snapshot/expiry.ts';
export * from './snapshot/name.ts';
export * from './status.ts';
export * from './urls.ts';
export * from './warnings.ts';
export * from './wire/event.ts';
export * from './wire/image.ts';
export * from './wire/instance.ts';
export * from './wire/network.ts';
export * from './wire/operation.ts';
export * from './wire/profile.ts';
export * from './wire/resources.ts';
export * from './wire/server.ts';
export * from './wire/storage.ts';
export * from './wire/warning.ts';
