export type { Catalogue } from './catalogue/catalogue.ts';
export { type LoadedCatalogue, loadCatalogue } from './catalogue/load.ts';
export type { StreamFile, StreamImage } from './catalogue/products.ts';
export { download } from './download.ts';
export { streamServer, streamServerProblems } from './server-url.ts';
export { openWeb } from './web/undici-web.ts';
export type { OpenWeb, Web, WebSettings } from './web/web.ts';
