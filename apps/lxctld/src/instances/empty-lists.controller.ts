import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import type { Instances } from '#lib/instance';
import { Answer } from '../rim/answer.ts';
import { projectOf } from '../rim/query.ts';
import type { Query as QueryMap } from '../rim/request.ts';
import { INSTANCES } from '../tokens.ts';

/** Snapshots and backups of an instance: this version makes none, so the lists are empty. */
@Controller('1.0/instances/:name')
export class InstanceEmptyListsController {
  constructor(@Inject(INSTANCES) private readonly instances: Pick<Instances, 'reader'>) {}

  @Get(['snapshots', 'backups'])
  async list(@Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    await this.instances.reader.row(projectOf(query), name);
    return Answer.sync([]);
  }
}
