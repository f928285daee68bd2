import { Controller, Delete, Get, Inject, Param, Query } from '@nestjs/common';
import { LxError, refuse, type WireOperation } from '#lib/contract';
import type { Engine } from '#lib/engine';
import { Answer } from '../rim/answer.ts';
import { parameter, projectsOf, recursionOf } from '../rim/query.ts';
import type { Query as QueryMap } from '../rim/request.ts';
import { ENGINE } from '../tokens.ts';

@Controller('1.0/operations')
export class OperationsController {
  constructor(@Inject(ENGINE) private readonly engine: Engine) {}

  @Get()
  list(@Query() query: QueryMap): Answer {
    const views = this.engine.list(projectsOf(query)).map((operation) => operation.view());
    const shown = (view: WireOperation) => (recursionOf(query) === 0 ? `/1.0/operations/${view.id}` : view);
    const groups: Record<string, unknown[]> = {};
    for (const view of views) {
      const group = view.status.toLowerCase();
      groups[group] = [...(groups[group] ?? []), shown(view)];
    }
    return Answer.sync(groups);
  }

  @Get(':id')
  show(@Param('id') id: string): Answer {
    return Answer.sync(this.#view(id));
  }

  @Delete(':id')
  async cancel(@Param('id') id: string): Promise<Answer> {
    await this.engine.cancel(id);
    return Answer.sync();
  }

  @Get(':id/wait')
  async wait(@Param('id') id: string, @Query() query: QueryMap): Promise<Answer> {
    this.#view(id);
    return Answer.sync(await this.engine.wait(id, timeoutOf(query)));
  }

  @Get(':id/websocket')
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
function timeoutOf(query: QueryMap): number | undefined {
  const text = parameter(query, 'timeout');
  if (text === '') return undefined;
  if (!/^-?\d{1,9}$/.test(text)) refuse([`Invalid timeout ${JSON.stringify(text)}: it must be a number of seconds`]);
  return Number(text) < 0 ? undefined : Number(text) * 1000;
}
