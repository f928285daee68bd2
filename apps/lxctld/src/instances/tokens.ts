/** Providers of the instances' controllers, beside those of ../tokens.ts. */
export const SESSIONS = Symbol('sessions');
export const LOGS = Symbol('logs');
