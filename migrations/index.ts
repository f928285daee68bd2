import { Tables1795430400000 } from './1795430400000-tables.ts';

/** Every migration, oldest first. Listed by hand, because the daemon is bundled and a bundle has no folder to look into. */
export const migrations = [Tables1795430400000];
