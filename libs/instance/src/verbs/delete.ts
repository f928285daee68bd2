import { keyOf, LxError } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import type { Expansion } from '#lib/profile';
import type { Removal, RemoveParams } from '../steps/remove.ts';
import type { Supervision } from '../supervision.ts';

interface Using {
  expansion: Expansion;
  supervision: Supervision;
  removal: Removal;
}

/** Cannot be undone, so it is resumed: the rows go last, and with them the name. */
export class Delete {
  readonly operation: OperationSpec<RemoveParams, Record<string, never>>;
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    const { supervision, removal } = using;
    this.#acts = acts;
    this.#using = using;
    this.operation = defineOperation<RemoveParams, Record<string, never>>({
      kind: 'instance.delete',
      makesRoom: true,
      onCrash: 'resume',
      steps: [
        {
          name: 'remove',
          async do({ params }) {
            if (supervision.get(params.id)) throw new LxError('instance.running');
            await removal.files(params);
          },
          commit: ({ params }, writes) => removal.rows(params, writes),
        },
      ],
    });
  }

  async begin(row: InstanceRow, requestor?: Requestor): Promise<Operation> {
    const { supervision, expansion, removal } = this.#using;
    if (supervision.get(row.id)) throw new LxError('instance.running');
    const { config } = await expansion.of(row);
    if (keyOf(config, 'security.protection.delete')) throw new LxError('instance.protected');
    const params = removal.paramsOf(row);
    return this.#acts.begin(this.operation, params, { of: row, requestor, announce: [{ action: 'instance-deleted' }] });
  }
}
