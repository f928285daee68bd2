/** `content-disposition` of a file that people may have given any name (RFC 6266). */
export function attachment(name: string): string {
  const plain = name.replace(/[^\w.+-]/g, '_');
  if (plain === name) return `attachment; filename=${name}`;
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename=${plain}; filename*=UTF-8''${encoded}`;
}
