import { instanceResources, LxError } from '#lib/contract';
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

  async change(project: string, request: StateRequest, requestor: Requestor): Promise<Operation> {
    const from = Object.hasOwn(wantedFrom, request.action) ? wantedFrom[request.action] : undefined;
    if (!from) throw new LxError('request.invalid', { problems: [`Unknown action: '${request.action}'`] });
    const names = (await this.#instances.reader.views(project)).filter((view) => from.includes(view.status)).map((view) => view.name);
    return this.#engine.startLive(
      {
        kind: `instance.${request.action}` as 'instance.start',
        class: 'task',
        sockets: [],
        run: async () => {
          const problems = await Promise.all(names.map((name) => this.#one(project, name, request, requestor)));
          const failed = problems.filter((problem) => problem !== null);
          if (failed.length > 0) throw new LxError('server.internal', { reason: failed.join('; ') });
          return {};
        },
      },
      { project, resources: instanceResources(project, ...names), requestor },
    );
  }

  async #one(project: string, name: string, request: StateRequest, requestor: Requestor): Promise<string | null> {
    try {
      const view = await (await this.#instances.state.begin(project, name, request, requestor)).done;
      return view.status_code === 200 ? null : `${name}: ${view.err}`;
    } catch (error) {
      return `${name}: ${error instanceof Error ? error.message : String(error)}`;
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
