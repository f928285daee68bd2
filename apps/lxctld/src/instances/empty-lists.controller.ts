import { Controller, Get, Inject, Param } from '@nestjs/common';
import type { Instances } from '#lib/instance';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { INSTANCES } from '../tokens.ts';

/** Backups of an instance: this version makes none, so the list is empty. */
@Controller('1.0/instances/:name')
export class InstanceEmptyListsController {
  constructor(@Inject(INSTANCES) private readonly instances: Pick<Instances, 'reader'>) {}

  @Get('backups')
  @Access('view')
  async list(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    await this.instances.reader.row(call.project, name);
    return Answer.sync([]);
  }
}
