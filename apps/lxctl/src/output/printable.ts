/**
 * Characters that would steer a terminal, turn the reading direction or end a line for some readers: images and guests
 * choose names, properties and descriptions, and nothing of that may act on the reader's screen.
 */
const steering = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|\p{Surrogate}/gu;

/** Text for a terminal: what would steer it becomes a question mark. Line ends and tabs stay. */
export function printable(text: string): string {
  return text.replace(steering, '?');
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text)
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}

/** Whether `printable` would change it. */
export function steers(text: string): boolean {
  return text.search(steering) >= 0;
}

/** For text within double quotes of JSON or YAML: what would steer is escaped, and nothing is lost. */
export function escaped(text: string): string {
  return text.replace(steering, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
