import { needsParent, type NicKind } from './kind.ts';

export const physical: NicKind = {
  options: ['parent'],
  cable: false,
  problems: (options) => [needsParent(options)],
  link: ({ parent }) => ({ kind: 'physical', parent: parent ?? '' }),
};
