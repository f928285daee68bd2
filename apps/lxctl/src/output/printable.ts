/**
 * Text that a guest may have chosen (names of links), for a terminal: characters that would steer it, or turn the reading
 * direction, become question marks. Line breaks stay.
 */
export function printable(text: string): string {
  return text.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '?');
}
