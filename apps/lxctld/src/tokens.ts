/** Names under which the composition root (house.ts) offers the libraries to the controllers: `@Inject(STORE) store: Store`. */
export const SETTINGS = Symbol('settings');
export const STORE = Symbol('store');
export const WARNINGS = Symbol('warnings');
export const ENGINE = Symbol('engine');
export const STORAGE = Symbol('storage');
export const CUSTOM_VOLUMES = Symbol('custom volumes');
export const NETWORKS = Symbol('networks');
export const IMAGES = Symbol('images');
export const IMAGE_OPERATIONS = Symbol('image operations');
export const INSTANCES = Symbol('instances');
export const PROFILES = Symbol('profiles');
export const SERVER = Symbol('server');
export const SHUTDOWN = Symbol('shutdown');
