/** What went wrong where no caller is left to hear of it. The daemon logs it. */
export interface Problem {
  /** In words: 'undo of step "volume" of instance.create'. */
  what: string;
  operationId?: string;
  error: unknown;
}

export type Report = (problem: Problem) => void;

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
