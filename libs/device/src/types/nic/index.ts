import { isLxError } from '#lib/contract';
import type { DeviceLife, DeviceType } from '../../device-type.ts';
import { nicLife } from './life.ts';
import { madeUp } from './nic.ts';
import { nicOptions, unsupportedNicOptions } from './options.ts';
import { nicProblems, problemsAmongNics } from './problems.ts';

/** Network cards. */
export const nic: DeviceType = {
  catalogue: nicOptions,
  unsupported: unsupportedNicOptions,
  problems: nicProblems,
  problemsAmong: problemsAmongNics,
  async missing({ networks }, project, device, { network }) {
    if (!network) return [];
    return networks.get(project, network).then(
      ({ managed }) => (managed ? [] : [absent(device, network, 'Network not found')]),
      (error: unknown) => {
        if (isLxError(error) && error.status < 500) return [absent(device, network, error.message)];
        throw error;
      },
    );
  },
  madeUp,
  life: nicLife as unknown as DeviceLife,
};

function absent(device: string, network: string, reason: string): string {
  return `Device validation failed for ${JSON.stringify(device)}: Failed loading network "${network}": ${reason}`;
}
