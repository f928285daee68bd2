import { isLxError, LxError } from '#lib/contract';
import type { AttachedDevice } from './device-type.ts';

/** What the kernel said to a link, as the keeper tells it. */
interface LinkRefusal {
  stage: string;
  syscall: string;
  errno: string;
  /** The link or the address that it was about. */
  path: string;
}

/** A launch that failed at a link, in terms of the device that this is of; any other failure as it is. */
export function inTermsOfDevices(error: unknown, attached: readonly AttachedDevice[]): unknown {
  if (!isLxError(error, 'launch.failed') || error.args.stage !== 'links') return error;
  const { path } = error.args;
  const device = attached.find((each) => each.type === 'nic' && namesOf(each).includes(path));
  return device
    ? new LxError('device.not_started', { device: device.device, reason: linkReason(error.args, device) }, { cause: error })
    : error;
}

export function linkReason({ syscall, errno, path }: LinkRefusal, attached: AttachedDevice): string {
  // The kernel has no such scheduler, classifier, action or link (ENOENT of what it would have as a module).
  if (syscall === 'limit' && ['EOPNOTSUPP', 'ENOTSUP', 'ENOENT'].includes(errno))
    return 'the kernel of this host cannot limit network interfaces: it needs tbf, ifb, ingress, u32 and mirred';
  if (errno === 'EOPNOTSUPP' || errno === 'ENOTSUP')
    return `the kernel of this host has no network interfaces of the kind "${attached.kind as string}"`;
  if (errno === 'EEXIST' && syscall === 'RTM_NEWROUTE') return `The host has a route to "${path}" already`;
  if (errno === 'EEXIST' && syscall === 'RTM_NEWNEIGH') return `The parent answers for "${path}" already`;
  return `${syscall} ${path}: ${errno}`;
}

function namesOf({ options, name, hostName, parent }: AttachedDevice): unknown[] {
  const addressed = ['ipv4', 'ipv6'].flatMap((family) => ['address', 'routes', 'host_address'].map((each) => `${family}.${each}`));
  const listed = addressed.flatMap((option) => (options[option] ?? '').split(','));
  return [name, hostName, parent, ...listed.map((each) => each.trim())];
}
