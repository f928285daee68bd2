import { defineKeys } from '#lib/contract';
import { nodeOptions, unixNode } from './node.ts';

/** Character devices. */
export const unixChar = unixNode('char', defineKeys('device.unix-char', nodeOptions('char')));
