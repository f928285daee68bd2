import { limitSubvolume, subvolumeUsage } from '#lib/host';
import type { QuotaRole } from '../../driver.ts';

/**
 * What a subvolume refers to is counted and bounded, whoever else refers to it: a root may take as much as a disk of that size
 * would hold. A subvolume that a guest nests is counted by itself, so instances whose trees are bounded make none (docs/security.md).
 */
export const btrfsQuota: QuotaRole = {
  limit: limitSubvolume,
  async usage(tree) {
    return (await subvolumeUsage(tree))?.referenced ?? null;
  },
};
