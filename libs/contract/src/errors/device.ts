import { row } from './catalogue.ts';

/** Errors about devices. */
export const deviceErrors = {
} as const;
