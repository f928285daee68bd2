import { row } from './catalogue.ts';

/** Errors about networks. */
export const networkErrors = {
} as const;
