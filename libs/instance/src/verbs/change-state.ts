import { LxError } from '#lib/contract';
import type { Operation, Requestor } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import type { InstanceReader } from '../read/reader.ts';
import type { PowerState } from '../read/view.ts';
import type { StartupSnapshot } from '../snapshot/startup.ts';

/** The body of `PUT /1.0/instances/{name}/state`. */
export interface StateRequest {
  action: string;
  /** Seconds; negative: for ever. */
  timeout: number;
  force: boolean;
}

/** What a verb of state is asked, with what the instance does now. */
export interface AskedState {
  power: PowerState;
  force: boolean;
  timeout: number;
  requestor: Requestor | undefined;
}

/** Throws when an instance in that state cannot do it. */
export interface StateVerb {
  begin(row: InstanceRow, asked: AskedState): Promise<Operation>;
}

export interface StateVerbs {
  start: StateVerb;
  stop: StateVerb;
  restart: StateVerb;
  freeze: StateVerb;
  unfreeze: StateVerb;
}

/** Finds the verb for an action. */
export class ChangeState {
  readonly #reader: InstanceReader;
  readonly #verbs: StateVerbs;
  readonly #startup: StartupSnapshot;

  constructor(reader: InstanceReader, { start, stop, restart, freeze, unfreeze }: StateVerbs, startup: StartupSnapshot) {
    this.#reader = reader;
    this.#startup = startup;
    this.#verbs = { start, stop, restart, freeze, unfreeze };
  }

  async begin(project: string, name: string, request: StateRequest, requestor?: Requestor): Promise<Operation> {
    const row = await this.#reader.row(project, name);
    const power = await this.#reader.power(row);
    const { action, timeout } = request;
    const verb = this.#verb(action, power);
    if (power === 'stopped' ? verb === this.#verbs.start : verb === this.#verbs.restart) await this.#startup.take(row);
    // No time to shut down means: at once, as in LXD.
    return verb.begin(row, { power, force: request.force || timeout === 0, timeout, requestor });
  }

  #verb(action: string, power: PowerState): StateVerb {
    // What LXD's clients send to a frozen instance to let it go on.
    if (action === 'start' && power === 'frozen') return this.#verbs.unfreeze;
    if (Object.hasOwn(this.#verbs, action)) return this.#verbs[action as keyof StateVerbs];
    throw new LxError('request.invalid', { problems: [`Unknown action: '${action}'`] });
  }
}
