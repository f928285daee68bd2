import { instanceResources, LxError, type WireInstance } from '#lib/contract';
import type { Engine, Operation, Requestor } from '#lib/engine';
import type { Instances, StateRequest } from '#lib/instance';

export const BULK_STATE = Symbol('bulk state');

/** `lxc stop --all`: one operation that changes the state of all instances that are not in that state. */
export class BulkState {
  readonly #instances: Instances;
  readonly #engine: Engine;

  constructor(instances: Instances, engine: Engine) {
    this.#instances = instances;
    this.#engine = engine;
  }

  /** `chosen`: which of the instances that are in a state to be changed; the operation's metadata says what failed, by name. */
  async change(
    project: string,
    request: StateRequest,
    requestor: Requestor,
    chosen: (views: readonly WireInstance[]) => readonly WireInstance[] = (views) => views,
  ): Promise<Operation> {
    const from = Object.hasOwn(wantedFrom, request.action) ? wantedFrom[request.action] : undefined;
    if (!from) throw new LxError('request.invalid', { problems: [`Unknown action: '${request.action}'`] });
    const views = (await this.#instances.reader.views(project)).filter((view) => from.includes(view.status));
    const names = chosen(views).map((view) => view.name);
    return this.#engine.startLive(
      {
        kind: `instance.${request.action}` as 'instance.start',
        class: 'task',
        sockets: [],
        run: async (live) => {
          const results = await Promise.all(names.map(async (name) => [name, await this.#one(project, name, request, requestor)] as const));
          const failed = results.filter((result): result is readonly [string, string] => result[1] !== null);
          if (failed.length === 0) return {};
          live.progress({ errors: Object.fromEntries(failed) });
          throw new LxError('instance.bulk_failed', { problems: failed.map(([name, problem]) => `${name}: ${problem}`) });
        },
      },
      { project, resources: instanceResources(project, ...names), requestor },
    );
  }

  async #one(project: string, name: string, request: StateRequest, requestor: Requestor): Promise<string | null> {
    try {
      const view = await (await this.#instances.state.begin(project, name, request, requestor)).done;
      return view.status_code === 200 ? null : view.err;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

const wantedFrom: Record<string, string[]> = {
  start: ['Stopped', 'Frozen'],
  stop: ['Running', 'Frozen'],
  restart: ['Running'],
  freeze: ['Running'],
  unfreeze: ['Frozen'],
};
