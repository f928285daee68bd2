/** Errors about devices. */
export const deviceErrors = {} as const;
