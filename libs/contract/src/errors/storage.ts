import { row } from './catalogue.ts';

/** Errors about storages. */
export const storageErrors = {
} as const;
