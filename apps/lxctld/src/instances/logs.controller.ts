import { Controller, Delete, Get, Inject, Param } from '@nestjs/common';
import { type LifecycleAction, urls } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { Instances, Logs } from '#lib/instance';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE, INSTANCES } from '../tokens.ts';
import { LOGS } from './tokens.ts';

/** /1.0/instances/{name}/logs: console.log and recorded output. */
@Controller('1.0/instances/:name/logs')
export class LogsController {
  constructor(
    @Inject(LOGS) private readonly logs: Logs,
    @Inject(INSTANCES) private readonly instances: Instances,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get()
  @Access('view')
  async list(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    return Answer.sync((await this.logs.list(row)).map((file) => urls.instanceLog(name, file, row.project)));
  }

  @Get(':file')
  @Access('view')
  async show(@Call() call: Call, @Param('name') name: string, @Param('file') file: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const content = await this.logs.read(row, file);
    this.#tell('instance-log-retrieved', urls.instanceLog(name, file, row.project), call);
    return Answer.raw(content, { 'content-type': 'application/octet-stream' });
  }

  @Delete(':file')
  @Access('operate-instances')
  async remove(@Call() call: Call, @Param('name') name: string, @Param('file') file: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    await this.logs.delete(row, file);
    this.#tell('instance-log-deleted', urls.instanceLog(name, file, row.project), call);
    return Answer.sync();
  }

  #tell(action: LifecycleAction, source: string, call: Call): void {
    this.engine.events.lifecycle(call.project, { action, source, requestor: call.requestor });
  }
}
