import { row } from './catalogue.ts';

/** Errors about profiles. */
export const profileErrors = {
} as const;
