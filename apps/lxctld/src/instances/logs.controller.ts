import { Controller, Delete, Get, Inject, Param } from '@nestjs/common';
import { urls } from '#lib/contract';
import type { Instances, Logs } from '#lib/instance';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { INSTANCES } from '../tokens.ts';
import { LOGS } from './tokens.ts';

/** /1.0/instances/{name}/logs: console.log and recorded output. */
@Controller('1.0/instances/:name/logs')
export class LogsController {
  constructor(
    @Inject(LOGS) private readonly logs: Logs,
    @Inject(INSTANCES) private readonly instances: Instances,
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
    return Answer.raw(await this.logs.read(row, file), { 'content-type': 'application/octet-stream' });
  }

  @Delete(':file')
  @Access('operate-instances')
  async remove(@Call() call: Call, @Param('name') name: string, @Param('file') file: string): Promise<Answer> {
    await this.logs.delete(await this.instances.reader.row(call.project, name), file);
    return Answer.sync();
  }
}
