import { Controller, Delete, Get, Inject, Param } from '@nestjs/common';
import { LxError, refuse, urls, type WireOperation, withoutSecrets } from '#lib/contract';
import type { Engine, Operation } from '#lib/engine';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { isSame } from '../rim/caller.ts';
import { ENGINE } from '../tokens.ts';

@Controller('1.0/operations')
export class OperationsController {
  constructor(@Inject(ENGINE) private readonly engine: Engine) {}

  @Get()
  @Access('trusted')
  list(@Call() call: Call): Answer {
    const views = this.engine.list(call.projects).map((operation) => shown(call, operation));
    const groups: Record<string, unknown[]> = {};
    for (const view of views) {
      const group = view.status.toLowerCase();
      groups[group] = [...(groups[group] ?? []), call.recursion === 0 ? urls.operation(view.id) : view];
    }
    return Answer.sync(groups);
  }

  @Get(':id')
  @Access('trusted')
  show(@Call() call: Call, @Param('id') id: string): Answer {
    return Answer.sync(shown(call, this.#operation(id)));
  }

  @Delete(':id')
  @Access('trusted')
  async cancel(@Param('id') id: string): Promise<Answer> {
    await this.engine.cancel(id);
    return Answer.sync();
  }

  @Get(':id/wait')
  @Access('trusted')
  async wait(@Call() call: Call, @Param('id') id: string): Promise<Answer> {
    const operation = this.#operation(id);
    return Answer.sync(shown(call, operation, await this.engine.wait(id, timeoutOf(call))));
  }

  @Get(':id/websocket')
  @Access('secret')
  socket(): never {
    throw new LxError('request.websocket_needed');
  }

  #operation(id: string): Operation {
    const operation = this.engine.get(id);
    if (!operation) throw new LxError('operation.not_found');
    return operation;
  }
}

/** The view of an operation for this caller. Its secrets give access to a terminal, so only the client that started it gets them. */
function shown(call: Call, operation: Operation, view: WireOperation = operation.view()): WireOperation {
  return isSame(call.requestor, operation.requestor) ? view : withoutSecrets(view);
}

/** Milliseconds to wait; undefined means for ever (`timeout` absent, empty or -1). */
function timeoutOf(call: Call): number | undefined {
  const text = call.parameter('timeout');
  if (text === '') return undefined;
  if (!/^-?\d{1,9}$/.test(text)) refuse([`Invalid timeout ${JSON.stringify(text)}: it must be a number of seconds`]);
  return Number(text) < 0 ? undefined : Number(text) * 1000;
}
