import type { JsonObject } from '#lib/base';
import { Deferred } from '#lib/base';
import type { WireOperation } from '#lib/contract';
import { status } from '#lib/contract';
import type { Store } from '#lib/store';
import type { StartOptions } from './engine.ts';
import type { FaultPoint, Faults } from './faults.ts';
import { noFaults } from './faults.ts';
import { OperationEngine } from './operation-engine.ts';
import { type OperationSpec, type Step, stepsFor } from './operation-spec.ts';
import type { Problem } from './problem.ts';

/** What an operation runs on, made anew for each run. */
export interface World<P> {
  store: Store;
  params: P;
  options?: Partial<StartOptions>;
}

/** The operation, or how to make it for a world (whose fakes its steps use). */
export type SpecOf<P extends JsonObject, S extends JsonObject, W> = OperationSpec<P, S> | ((world: W) => OperationSpec<P, S>);

/**
 * Lets the operation fail before and after the `do` of every step in turn, and, when it unwinds after a crash, cuts it
 * off at every point (also in the middle of unwinding) and lets a second engine recover. Each time `assertClean` must
 * find nothing left, and no undo may throw.
 */
export async function unwindsFromEveryStep<P extends JsonObject, S extends JsonObject, W extends World<P>>(
  spec: SpecOf<P, S, W>,
  setup: () => W | Promise<W>,
  assertClean: (world: W) => unknown,
): Promise<void> {
  const { onCrash } = specFor(spec, await setup());
  const steps = await stepsOf(spec, setup);
  for (const [index, step] of steps.entries()) {
    for (const when of ['before', 'after'] as const) {
      await at(`failure ${when} do of ${step.name}`, async () => {
        const world = await setup();
        const view = await run(failing(specFor(spec, world), step.name, when), world);
        expectStatus(view, status.failure.code);
        await assertClean(world);
      });
    }
    if (onCrash !== 'unwind') continue;
    const isLast = index === steps.length - 1;
    const points: FaultPoint[] = ['before', 'during', ...(isLast ? [] : ['after' as const]), ...(step.undo ? ['undo' as const] : [])];
    for (const point of points) {
      await at(`crash at ${step.name}:${point}`, async () => {
        const world = await setup();
        await crash(specFor(spec, world), world, step.name, point);
        await recover(specFor(spec, world), world);
        await assertClean(world);
      });
    }
  }
}

/** Cuts the operation off at every point and lets a second engine recover; `assertDone` must find it complete. */
export async function resumesFromEveryStep<P extends JsonObject, S extends JsonObject, W extends World<P>>(
  spec: SpecOf<P, S, W>,
  setup: () => W | Promise<W>,
  assertDone: (world: W) => unknown,
): Promise<void> {
  for (const step of await stepsOf(spec, setup)) {
    for (const point of ['before', 'during', 'after'] as const) {
      await at(`crash at ${step.name}:${point}`, async () => {
        const world = await setup();
        await crash(specFor(spec, world), world, step.name, point);
        await recover(specFor(spec, world), world);
        await assertDone(world);
      });
    }
  }
}

/** Runs every `do` twice and expects what one run gives; with `assertClean`, also every `undo` twice. */
export async function stepsAreIdempotent<P extends JsonObject, S extends JsonObject, W extends World<P>>(
  spec: SpecOf<P, S, W>,
  setup: () => W | Promise<W>,
  assertDone: (world: W) => unknown,
  assertClean?: (world: W) => unknown,
): Promise<void> {
  await at('every do twice', async () => {
    const world = await setup();
    expectStatus(await run(doubled(specFor(spec, world)), world), status.success.code);
    await assertDone(world);
  });
  if (!assertClean) return;
  await at('every undo twice', async () => {
    const world = await setup();
    const twice = doubled(specFor(spec, world));
    const last = stepsFor(twice, world.params).at(-1)?.name ?? '';
    expectStatus(await run(failing(twice, last, 'after'), world), status.failure.code);
    await assertClean(world);
  });
}

/** Runs the operation to its end on an engine of its own. */
export async function run<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>, world: World<P>): Promise<WireOperation> {
  const { engine, finish } = engineOn(world.store, noFaults);
  engine.register(spec);
  const operation = await engine.start(spec, world.params, { project: 'default', ...world.options });
  const view = await operation.done;
  await finish();
  return view;
}

async function crash<P extends JsonObject, S extends JsonObject>(
  spec: OperationSpec<P, S>,
  world: World<P>,
  step: string,
  point: FaultPoint,
): Promise<void> {
  const reached = new Deferred<void>();
  const faults: Faults = {
    reach: (_, name, here) => {
      if (name !== step || here !== point) return;
      reached.resolve();
      return new Promise<void>(() => {});
    },
    mustFail: (_, name) => name === step && point === 'undo',
  };
  const { engine } = engineOn(world.store, faults);
  engine.register(spec);
  const ended = async () => {
    const operation = await engine.start(spec, world.params, { project: 'default', ...world.options });
    const view = await operation.done;
    throw new Error(`the operation ended before the point was reached: ${view.status} ${view.err}`);
  };
  await Promise.race([reached.promise, ended()]);
}

async function recover<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>, world: World<P>): Promise<void> {
  const { engine, finish } = engineOn(world.store, noFaults);
  engine.register(spec);
  await engine.recover();
  const left = await world.store.operations.unfinished({ limit: 10 });
  if (left.length > 0) throw new Error('the operation is not final after recovery');
  await finish();
}

function engineOn(store: Store, faults: Faults): { engine: OperationEngine; finish: () => Promise<void> } {
  const problems: Problem[] = [];
  const engine = new OperationEngine({ store, faults, report: (problem) => problems.push(problem) });
  const finish = async () => {
    await engine.shutdown(0);
    if (problems.length > 0)
      throw new AggregateError(
        problems.map((problem) => problem.error),
        problems.map((problem) => problem.what).join('; '),
      );
  };
  return { engine, finish };
}

function specFor<P extends JsonObject, S extends JsonObject, W>(spec: SpecOf<P, S, W>, world: W): OperationSpec<P, S> {
  return typeof spec === 'function' ? spec(world) : spec;
}

/** The steps that the operation of these worlds has. */
async function stepsOf<P extends JsonObject, S extends JsonObject, W extends World<P>>(
  spec: SpecOf<P, S, W>,
  setup: () => W | Promise<W>,
): Promise<Step<P, S>[]> {
  const world = await setup();
  return stepsFor(specFor(spec, world), world.params);
}

function failing<P extends JsonObject, S extends JsonObject>(
  spec: OperationSpec<P, S>,
  name: string,
  when: 'before' | 'after',
): OperationSpec<P, S> {
  const fail = (step: Step<P, S>): Step<P, S> =>
    around(step, async (context) => {
      if (when === 'after') await step.do(context);
      throw new Error(`injected ${when} ${step.name}`);
    });
  return { ...spec, steps: spec.steps.map((step) => (step.name === name ? fail(step) : step)) };
}

function doubled<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>): OperationSpec<P, S> {
  const twice = (step: Step<P, S>): Step<P, S> => {
    const same = around(step, async (context) => {
      await step.do(context);
      await step.do(context);
    });
    if (step.undo) {
      same.undo = async (context) => {
        await step.undo?.(context);
        await step.undo?.(context);
      };
    }
    return same;
  };
  return { ...spec, steps: spec.steps.map(twice) };
}

/** The step with another `do`, journaled by itself; also of steps that are objects of a class. */
function around<P, S>(step: Step<P, S>, run: Step<P, S>['do']): Step<P, S> {
  return {
    name: step.name,
    do: run,
    ...(step.when ? { when: step.when.bind(step) } : {}),
    ...(step.undo ? { undo: step.undo.bind(step) } : {}),
    ...(step.commit ? { commit: step.commit.bind(step) } : {}),
  };
}

function expectStatus(view: WireOperation, code: number): void {
  if (view.status_code !== code) throw new Error(`the operation ended as ${view.status} (${view.err}), not ${code}`);
}

async function at(where: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
