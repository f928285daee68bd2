/** One row of the error catalogue. `message` is LXD's text where LXD has this error. */
export interface ErrorRow<A> {
  /** HTTP status of the answer, 4xx or 5xx. */
  status: number;
  message: (args: A) => string;
  /** For docs/reference/errors.md: when it happens and what to do about it. */
  doc: string;
}

export function row<A = void>(status: number, message: (args: A) => string, doc: string): ErrorRow<A> {
  return { status, message, doc };
}
