import { needsParent, type NicKind } from './kind.ts';

export const macvlan: NicKind = {
  options: ['parent'],
  cable: false,
  problems: (options) => [needsParent(options)],
  link: ({ parent }) => ({ kind: 'macvlan', parent: parent ?? '' }),
};
