import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { refuse } from '#lib/contract';

/**
 * A request body as an instance of its DTO class. Unknown fields are dropped, null counts as absent (the class's defaults
 * hold); every other problem is named in one LxError 'request.invalid'.
 */
export function parseBody<T extends object>(type: ClassConstructor<T>, body: unknown): T {
  const present = Object.fromEntries(Object.entries((body ?? {}) as object).filter(([, value]) => value !== null));
  const value = plainToInstance(type, present, { exposeDefaultValues: true });
  const problems = validateSync(value, { whitelist: true, forbidUnknownValues: false, validationError: { target: false, value: false } });
  refuse(problems.flatMap((problem) => messages(problem, '')));
  return value;
}

function messages(problem: ValidationError, path: string): string[] {
  const here = path ? `${path}.${problem.property}` : problem.property;
  const own = Object.values(problem.constraints ?? {}).map((message) => `${path ? `${path}.` : ''}${message}`);
  return [...own, ...(problem.children ?? []).flatMap((child) => messages(child, here))];
}
