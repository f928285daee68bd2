import { defineKeys } from '#lib/contract';
import { nodeOptions, unixNode } from '../unix-char/node.ts';

/** Block devices. */
export const unixBlock = unixNode('block', defineKeys('device.unix-block', nodeOptions('block')));
