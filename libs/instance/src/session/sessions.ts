import { open } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StringMap } from '#lib/base';
import { instanceResources, LxError, problemsOf, refuse, urls } from '#lib/contract';
import type { Engine, LiveContext, Operation, Requestor } from '#lib/engine';
import type { Instances } from '../instances.ts';
import { consoleSockets, runConsole } from './console.ts';
import { execEnvironment } from './environment.ts';
import { interactiveSockets, pipedSockets, runDetached, runInteractive, runPiped, wishOf } from './exec.ts';

export interface ExecRequestBody {
  command: string[];
  environment: StringMap;
  waitForWebsocket: boolean;
  interactive: boolean;
  recordOutput: boolean;
  width: number;
  height: number;
  user: number;
  group: number;
  cwd: string;
}

/** Commands and consoles: operations that live as long as their sockets and leave nothing in the database. */
export class Sessions {
  readonly #engine: Engine;
  readonly #instances: Pick<Instances, 'reader' | 'expansion' | 'logFiles'>;

  /** /dev/null, opened once: the input and output of commands that nobody listens to. */
  #null: Promise<number> | null = null;
  /** Instances whose console is somebody's, or soon will be. */
  readonly #consoles = new Set<string>();

  constructor(engine: Engine, instances: Pick<Instances, 'reader' | 'expansion' | 'logFiles'>) {
    this.#engine = engine;
    this.#instances = instances;
  }

  async exec(project: string, name: string, body: ExecRequestBody, requestor?: Requestor): Promise<Operation> {
    refuse(execProblems(body));
    const { reader, expansion, logFiles } = this.#instances;
    const row = await reader.row(project, name);
    const [keeper, { config }] = await Promise.all([reader.ready(row), expansion.of(row)]);
    const environment = execEnvironment(config, body.environment, body.user);
    const wish = wishOf(body, environment);
    const attached = body.waitForWebsocket;
    const record = body.recordOutput && !attached;
    if (record) await logFiles.prepare(row);
    const operation = await this.#engine.startLive(
      {
        kind: 'instance.exec',
        class: attached ? 'websocket' : 'task',
        sockets: attached ? (body.interactive ? interactiveSockets : pipedSockets) : [],
        run: async (live) => {
          if (attached) return body.interactive ? runInteractive(keeper, wish, live) : runPiped(keeper, wish, live);
          const files = record ? recordOf(logFiles.directory(row), row, live.operationId) : null;
          return runDetached(keeper, wish, live, await this.#nowhere(), files);
        },
      },
      {
        project,
        resources: instanceResources(row.project, row.name),
        metadata: { command: body.command, environment, interactive: body.interactive },
        ...(requestor ? { requestor } : {}),
      },
    );
    this.#engine.events.lifecycle(project, {
      action: 'instance-exec',
      source: urls.instance(row.name, row.project),
      context: { command: body.command },
      ...(requestor ? { requestor } : {}),
    });
    return operation;
  }

  async console(
    project: string,
    name: string,
    body: { width: number; height: number; type: string },
    requestor?: Requestor,
  ): Promise<Operation> {
    if (body.type !== '' && body.type !== 'console')
      throw new LxError('request.invalid', { problems: [`Console type "${body.type}" is not supported by containers`] });
    const row = await this.#instances.reader.row(project, name);
    const keeper = await this.#instances.reader.ready(row);
    // Said now and not by the operation: a client that learns it while it connects is told no more than 403.
    if (this.#consoles.has(row.id)) throw new LxError('console.busy');
    this.#consoles.add(row.id);
    const run = (live: LiveContext) =>
      runConsole(keeper, { columns: body.width, rows: body.height }, live).finally(() => this.#consoles.delete(row.id));
    const operation = await this.#engine
      .startLive(
        { kind: 'instance.console', class: 'websocket', sockets: consoleSockets, run },
        { project, resources: instanceResources(row.project, row.name), mayCancel: true, ...(requestor ? { requestor } : {}) },
      )
      .catch((error: unknown) => {
        this.#consoles.delete(row.id);
        throw error;
      });
    this.#engine.events.lifecycle(project, {
      action: 'instance-console',
      source: urls.instance(row.name, row.project),
      ...(requestor ? { requestor } : {}),
    });
    return operation;
  }

  async #nowhere(): Promise<number> {
    try {
      this.#null ??= promisify(open)('/dev/null', 'r+');
      return await this.#null;
    } catch (error) {
      this.#null = null;
      throw error;
    }
  }
}

/** Where recorded output goes, and where a client finds it. */
function recordOf(directory: string, { name, project }: { name: string; project: string }, operationId: string) {
  const file = (stream: string) => `exec_${operationId}.${stream}`;
  const url = (stream: string) => urls.instanceLog(name, file(stream), project);
  const path = (stream: string) => join(directory, file(stream));
  return { stdout: path('stdout'), stderr: path('stderr'), urls: { '1': url('stdout'), '2': url('stderr') } };
}

function execProblems(body: ExecRequestBody): string[] {
  const { command, environment, cwd, interactive, recordOutput, waitForWebsocket } = body;
  const texts = [...command, cwd, ...Object.entries(environment).flat()];
  const badNames = Object.keys(environment).filter((name) => name === '' || name.includes('='));
  return problemsOf([
    [!command[0], 'A command is needed'],
    [interactive && recordOutput, 'record-output cannot be used with interactive'],
    [recordOutput && waitForWebsocket, 'record-output cannot be used with wait-for-websocket'],
    [interactive && !waitForWebsocket, 'interactive needs wait-for-websocket'],
    [cwd && !cwd.startsWith('/'), 'cwd must be an absolute path'],
    [texts.some((each) => each.includes('\0')), 'A NUL character cannot be passed to a command'],
    ...badNames.map((name) => [true, `Invalid name of an environment variable: ${JSON.stringify(name)}`] as const),
  ]);
}
