export * from './testing/certificate.ts';
export * from './testing/file-server.ts';
export * from './testing/streams.ts';
