import { Controller, Delete, Get, Inject, Param, Patch, Put } from '@nestjs/common';
import { WarningPutBody } from '#dto';
import { urls, type WireWarning } from '#lib/contract';
import type { Warnings } from '#lib/warning';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { WARNINGS } from '../tokens.ts';

/** /1.0/warnings. Those of one project only where the request names it. */
@Controller('1.0/warnings')
export class WarningsController {
  constructor(@Inject(WARNINGS) private readonly warnings: Warnings) {}

  @Get()
  @Access('admin')
  async list(@Call() call: Call): Promise<Answer> {
    return call.list(await this.warnings.list(call.parameter('project') || null), ({ uuid }) => urls.warning(uuid));
  }

  @Get(':id')
  @Access('admin')
  async show(@Param('id') id: string): Promise<Answer> {
    const warning = await this.warnings.get(id);
    return Answer.sync(warning, { etag: tuple(warning) });
  }

  @Put(':id')
  @Access('admin')
  replace(@Call() call: Call, @Param('id') id: string): Promise<Answer> {
    return this.#setStatus(call, id);
  }

  @Patch(':id')
  @Access('admin')
  change(@Call() call: Call, @Param('id') id: string): Promise<Answer> {
    return this.#setStatus(call, id);
  }

  @Delete(':id')
  @Access('admin')
  async remove(@Call() call: Call, @Param('id') id: string): Promise<Answer> {
    await this.warnings.delete(id, call.requestor);
    return Answer.sync();
  }

  async #setStatus(call: Call, id: string): Promise<Answer> {
    call.match(tuple(await this.warnings.get(id)));
    await this.warnings.setStatus(id, call.body(WarningPutBody).status, call.requestor);
    return Answer.sync();
  }
}

/** What the ETag covers: all that a client can change. */
function tuple({ uuid, status }: WireWarning): unknown {
  return [uuid, status];
}
