import { isLxError } from '#lib/contract';
import type { EndRecord, LaunchPlan } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import type { LogFiles } from './log-files.ts';

/** LXD's name, which its client asks for (`lxc info --show-log`). */
export const startLogFile = 'lxc.log';

/** The stages of a launch in their order (docs/keeper-protocol.md), as a failure names them. */
export const launchStages = [
  'cgroup',
  'layers',
  'namespaces',
  'clone',
  'network',
  'idmap',
  'keyring',
  'root',
  'template',
  'mount',
  'links',
  'hostname',
  'sysctl',
  'console',
  'stdio',
  'rlimits',
  'capabilities',
  'seccomp',
  'ids',
  'exec',
] as const;

type Logged = Pick<InstanceRow, 'id' | 'name'>;
type Level = 'INFO' | 'ERROR';
type Line = readonly [level: Level, what: string, text: string];

interface Using {
  logFiles: LogFiles;
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** What an operator finds in an instance's log: each start with its plan and its stages, and each end. */
export class StartLog {
  readonly #using: Using;

  constructor(using: Using) {
    this.#using = using;
  }

  started(row: Logged, plan: LaunchPlan, initPid: number): void {
    this.#write(row, [
      ...planLines(plan),
      ['INFO', 'start', `stages done: ${launchStages.join(', ')}`],
      ['INFO', 'start', `init is process ${initPid}`],
    ]);
  }

  /** `plan`: null where it did not come to one. Resolves when it is written: the client is told to look here. */
  async failed(row: Logged, plan: LaunchPlan | null, error: unknown): Promise<void> {
    this.#write(row, [...(plan ? planLines(plan) : []), ...failureLines(error)]);
    await this.#using.logFiles.written(row);
  }

  ended(row: Logged, { reason, status, detail }: EndRecord): void {
    const signal = status & 0x7f;
    const how = signal === 0 ? `exit code ${status >> 8}` : `signal ${signal}`;
    this.#write(row, [['INFO', 'end', `${reason}, init ended with ${how}`], ...(detail === '' ? [] : [['ERROR', 'end', detail] as const])]);
  }

  #write(row: Logged, lines: readonly Line[]): void {
    const { logFiles, now, report } = this.#using;
    const time = stamp(now());
    const text = lines.map(([level, what, words]) => `lxc ${row.name} ${time} ${level.padEnd(8)} ${what} - ${printable(words)}\n`).join('');
    logFiles.append(row, startLogFile, text).catch((error: unknown) => report(`the log of ${row.name}`, error));
  }
}

function planLines(plan: LaunchPlan): Line[] {
  const { root, layers, mounts, links, idMap, cgroups, rlimits, sysctls, init } = plan;
  const ids = idMap.uid.map(
    ({ inside, outside, count }) => `${inside}-${inside + count - 1} are ${outside}-${outside + count - 1} of the host`,
  );
  const writes = cgroups.write.map(({ path, value }) => `${path.slice(path.lastIndexOf('/') + 1)}=${value}`);
  const kernel = rlimits.map(({ resource, soft, hard }) => `${resource}=${soft ?? 'unlimited'}:${hard ?? 'unlimited'}`);
  const parts: [string, readonly string[]][] = [
    ['root', [`${root.kind} of ${layers.length} layers, ${mounts.length} mounts`]],
    ['links', links.map(({ kind, name }) => `${name} (${kind})`)],
    ['ids', ids],
    ['limits', [...writes, ...kernel]],
    ['sysctls', sysctls.map(({ key, value }) => `${key}=${value}`)],
    ['init', init.argv],
  ];
  return parts.filter(([, words]) => words.length > 0).map(([part, words]) => ['INFO', 'plan', `${part}: ${words.join(', ')}`]);
}

/** The stages that were done, the one that failed and why, and those that were not reached. */
function failureLines(error: unknown): Line[] {
  const launch = launchFailure(error);
  const reason = error instanceof Error ? error.message : String(error);
  if (launch === null) return [['ERROR', 'start', reason]];
  const { stage, syscall, path, errno } = launch;
  const at = launchStages.indexOf(stage as (typeof launchStages)[number]);
  const call = `${stage}: ${syscall}${path ? ` ${path}` : ''}: ${errno}`;
  return [
    ...(at > 0 ? [['INFO', 'start', `stages done: ${launchStages.slice(0, at).join(', ')}`] as const] : []),
    ['ERROR', 'start', `stage that failed: ${call}`],
    ...(at >= 0 && at < launchStages.length - 1
      ? [['INFO', 'start', `stages not reached: ${launchStages.slice(at + 1).join(', ')}`] as const]
      : []),
    ...(reason.includes(call) ? [] : [['ERROR', 'start', reason] as const]),
  ];
}

/** Also where the failure is told in terms of a key. */
function launchFailure(error: unknown) {
  if (isLxError(error, 'launch.failed')) return error.args;
  return error instanceof Error && isLxError(error.cause, 'launch.failed') ? error.cause.args : null;
}

/** As LXD has it: YYYYMMDDhhmmss.mmm, UTC. */
function stamp(time: Date): string {
  return time.toISOString().replace(/[-:TZ]/g, '');
}

/** One line each, whatever a path or a name inside holds. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}
