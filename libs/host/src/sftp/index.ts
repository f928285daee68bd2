export * from './client.ts';
export { SftpError, type AttributeChange, type FileAttributes } from './packets.ts';
