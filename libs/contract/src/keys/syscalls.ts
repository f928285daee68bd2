import { keyType } from './types.ts';

/** What happens to a system call, in seccomp's terms (seccomp(2)). */
export interface SystemCallRule {
  syscall: string;
  /** `kill`, `allow`, or an errno number; 0: nothing is done, and the call succeeds. null: not said. */
  action: string | null;
  /** All must hold. */
  when: { argument: number; operator: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'masked'; value: bigint; mask?: bigint }[];
}

const operators: Readonly<Record<string, SystemCallRule['when'][number]['operator']>> = {
  SCMP_CMP_NE: 'ne',
  SCMP_CMP_LT: 'lt',
  SCMP_CMP_LE: 'le',
  SCMP_CMP_EQ: 'eq',
  SCMP_CMP_GE: 'ge',
  SCMP_CMP_GT: 'gt',
  SCMP_CMP_MASKED_EQ: 'masked',
};

const line = /^([a-z0-9_]{1,64})(?:\s+(?:(kill|allow)|errno\s+(\d{1,4})))?((?:\s*\[[^\]]*\])*)$/;
const mostLines = 512;
const mostErrno = 4095;
const endOfNumbers = 2n ** 64n;

/** Lines as liblxc's policies have them: `mknod errno 1 [1,0,SCMP_CMP_EQ]`. `[all]` and what follows a # mean nothing. */
export const systemCallRules = keyType(
  'lines of a system call with what it meets (kill, allow or errno N), and conditions as [argument,value,SCMP_CMP_EQ]',
  (value) => meaningful(value).length <= mostLines && meaningful(value).every((text) => ruleOf(text) !== null),
  (value) => meaningful(value).flatMap((text) => ruleOf(text) ?? []),
);

function meaningful(value: string): string[] {
  return value
    .split('\n')
    .map((text) => text.replace(/#.*/, '').trim())
    .filter((text) => text !== '' && text !== '[all]');
}

function ruleOf(text: string): SystemCallRule | null {
  const [, syscall = '', word = null, errno = null, conditions = ''] = line.exec(text) ?? [];
  if (syscall === '' || (errno !== null && Number(errno) > mostErrno)) return null;
  const when = [...conditions.matchAll(/\[([^\]]*)\]/g)].map(([, inner = '']) => conditionOf(inner));
  return when.includes(null) ? null : { syscall, action: word ?? errno, when: when as SystemCallRule['when'] };
}

function conditionOf(text: string): SystemCallRule['when'][number] | null {
  const [argument = '', value = '', name = '', mask, ...more] = text.split(',').map((part) => part.trim());
  const operator = operators[name];
  if (!/^[0-5]$/.test(argument) || !isNumber(value) || operator === undefined || more.length > 0) return null;
  if ((operator === 'masked') !== (mask !== undefined) || (mask !== undefined && !isNumber(mask))) return null;
  return { argument: Number(argument), operator, value: BigInt(value), ...(mask === undefined ? {} : { mask: BigInt(mask) }) };
}

function isNumber(text: string): boolean {
  return /^(\d{1,20}|0x[0-9a-f]{1,16})$/i.test(text) && BigInt(text) < endOfNumbers;
}
