import { Controller, Delete, Get, Inject, Param } from '@nestjs/common';
import { LxError, refuse, urls, type WireOperation } from '#lib/contract';
import type { Engine } from '#lib/engine';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE } from '../tokens.ts';

@Controller('1.0/operations')
export class OperationsController {
  constructor(@Inject(ENGINE) private readonly engine: Engine) {}

  @Get()
  @Access('trusted')
  list(@Call() call: Call): Answer {
    const views = this.engine.list(call.projects).map((operation) => operation.view());
    const groups: Record<string, unknown[]> = {};
    for (const view of views) {
      const group = view.status.toLowerCase();
      groups[group] = [...(groups[group] ?? []), call.recursion === 0 ? urls.operation(view.id) : view];
    }
    return Answer.sync(groups);
  }

  @Get(':id')
  @Access('trusted')
  show(@Param('id') id: string): Answer {
    return Answer.sync(this.#view(id));
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
    this.#view(id);
    return Answer.sync(await this.engine.wait(id, timeoutOf(call)));
  }

  @Get(':id/websocket')
  @Access('secret')
  socket(): never {
    throw new LxError('request.websocket_needed');
  }

  #view(id: string): WireOperation {
    const operation = this.engine.get(id);
    if (!operation) throw new LxError('operation.not_found');
    return operation.view();
  }
}

/** Milliseconds to wait; undefined means for ever (`timeout` absent, empty or -1). */
function timeoutOf(call: Call): number | undefined {
  const text = call.parameter('timeout');
  if (text === '') return undefined;
  if (!/^-?\d{1,9}$/.test(text)) refuse([`Invalid timeout ${JSON.stringify(text)}: it must be a number of seconds`]);
  return Number(text) < 0 ? undefined : Number(text) * 1000;
}
