import type { DeviceLife, DeviceType } from '../../device-type.ts';
import { nicLife } from './life.ts';
import { nicKind } from './kinds/index.ts';
import { madeUp, parseNic } from './nic.ts';
import { kindOf, nicOptions, unsupportedNicOptions } from './options.ts';
import { nicProblems, problemsAmongNics } from './problems.ts';

/** Network cards. */
export const nic: DeviceType = {
  catalogue: nicOptions,
  unsupported: unsupportedNicOptions,
  fixes(option, options) {
    const kind = nicKind(kindOf(options));
    return Boolean(kind?.options.includes(option)) && !kind?.live?.includes(option);
  },
  problems: nicProblems,
  problemsAmong: problemsAmongNics,
  async missing({ networks }, { project, volatile }, device, options) {
    const { network, ipv4, hwaddr } = parseNic(device, options, volatile);
    if (!network) return [];
    const problems = await networks.nicProblems(project, network, { ipv4, mac: hwaddr });
    return problems.map((text) => `Device validation failed for ${JSON.stringify(device)}: ${text}`);
  },
  madeUp,
  life: nicLife as unknown as DeviceLife,
};
