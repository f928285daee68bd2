import { row } from './catalogue.ts';

/** Errors about images. */
export const imageErrors = {
} as const;
