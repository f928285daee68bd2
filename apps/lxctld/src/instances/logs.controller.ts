import { Controller, Delete, Get, Inject, Param, Query } from '@nestjs/common';
import type { Instances, Logs } from '#lib/instance';
import { Answer } from '../rim/answer.ts';
import { projectOf } from '../rim/query.ts';
import type { Query as QueryMap } from '../rim/request.ts';
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
  async list(@Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    const row = await this.instances.reader.row(projectOf(query), name);
    return Answer.sync((await this.logs.list(row)).map((file) => `/1.0/instances/${name}/logs/${file}`));
  }

  @Get(':file')
  async show(@Param('name') name: string, @Param('file') file: string, @Query() query: QueryMap): Promise<Answer> {
    const row = await this.instances.reader.row(projectOf(query), name);
    return Answer.raw(await this.logs.read(row, file), { 'content-type': 'application/octet-stream' });
  }

  @Delete(':file')
  async remove(@Param('name') name: string, @Param('file') file: string, @Query() query: QueryMap): Promise<Answer> {
    await this.logs.delete(await this.instances.reader.row(projectOf(query), name), file);
    return Answer.sync();
  }
}
