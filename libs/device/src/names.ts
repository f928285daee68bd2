/** Problems of a device's name, in LXD's words. Names never become paths or links: what is made for a device is named otherwise. */
export function deviceNameProblems(name: string): string[] {
  if (name.length > 64) return ['The maximum device name length is 64 characters'];
  const bad = (text: string) => [`Device validation failed for ${JSON.stringify(name)}: ${text}`];
  if (name.length < 1 || name.length > 63) return bad('Name must be 1-63 characters long');
  if (name.startsWith('.')) return bad('Name must not start with "." character');
  if (!/^[A-Za-z0-9/:_.-]*$/.test(name))
    return bad('Name can only contain alphanumeric, forward slash, hyphen, colon, underscore and full stop characters');
  // It would be no key of an object, but its prototype.
  return name === '__proto__' ? bad('Name is reserved') : [];
}

/** IFNAMSIZ with the final NUL: 15 characters; no slash, blank, colon or control character (netdevice(7)). */
export function isLinkName(name: string): boolean {
  return /^[^\s/:\x00-\x1f\x7f]{1,15}$/.test(name) && name !== '.' && name !== '..';
}
