import { randomUUID } from 'node:crypto';
import type { InstanceRow, OperationRow } from '../rows.ts';

/** A stopped instance without devices or limits, named `name`; `change` says what differs. */
export function sampleInstance(name: string, change: Partial<InstanceRow> = {}): InstanceRow {
  return {
    id: randomUUID(),
    project: 'default',
    name,
    architecture: 'x86_64',
    description: '',
    ephemeral: false,
    config: {},
    volatile: {},
    devices: {},
    attached: [],
    profiles: [],
    power: 'stopped',
    createdAt: new Date(),
    lastUsedAt: null,
    idBase: null,
    idCount: null,
    ...change,
  };
}

/** A start that is under way and has begun nothing yet; `change` says what differs. */
export function sampleOperation(change: Partial<OperationRow> = {}): OperationRow {
  return {
    id: randomUUID(),
    project: 'default',
    kind: 'instance.start',
    class: 'task',
    statusCode: 103,
    resources: null,
    metadata: null,
    error: '',
    mayCancel: false,
    locks: [],
    revision: 0,
    params: {},
    state: {},
    begun: [],
    finished: [],
    createdAt: new Date(),
    updatedAt: new Date(),
    ...change,
  };
}
