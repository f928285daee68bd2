import { Controller, Delete, Get, Inject, Param } from '@nestjs/common';
import { type LifecycleAction, LxError, urls } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { Instances, Logs } from '#lib/instance';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE, INSTANCES } from '../tokens.ts';
import { LOGS } from './tokens.ts';

/** /1.0/instances/{name}/logs: console.log and recorded output, which newer clients find in logs/exec-output. */
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

  @Get('exec-output')
  @Access('view')
  async listOutput(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const files = (await this.logs.list(row)).filter(isOutput);
    return Answer.sync(files.map((file) => urls.instanceExecOutput(name, file, row.project)));
  }

  @Get('exec-output/:file')
  @Access('view')
  showOutput(@Call() call: Call, @Param('name') name: string, @Param('file') file: string): Promise<Answer> {
    if (!isOutput(file)) throw new LxError('log.not_found');
    return this.show(call, name, file);
  }

  @Delete('exec-output/:file')
  @Access('operate-instances')
  removeOutput(@Call() call: Call, @Param('name') name: string, @Param('file') file: string): Promise<Answer> {
    if (!isOutput(file)) throw new LxError('log.not_found');
    return this.remove(call, name, file);
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

/** Of a recorded command. */
function isOutput(file: string): boolean {
  return file.startsWith('exec_');
}
