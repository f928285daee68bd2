import { Body, Controller, Get, Inject, Param, Put, Query, Req } from '@nestjs/common';
import { InstanceStateBody } from '#dto';
import { LxError } from '#lib/contract';
import type { Instances } from '#lib/instance';
import { Answer } from '../rim/answer.ts';
import { parseBody } from '../rim/parse-body.ts';
import { projectOf } from '../rim/query.ts';
import type { Query as QueryMap, Request } from '../rim/request.ts';
import { requestorOf } from '../rim/requestor.ts';
import { INSTANCES } from '../tokens.ts';

/** /1.0/instances/{name}/state. */
@Controller('1.0/instances/:name/state')
export class StateController {
  constructor(@Inject(INSTANCES) private readonly instances: Instances) {}

  @Get()
  async show(@Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    return Answer.sync(await this.instances.reader.state(projectOf(query), name));
  }

  @Put()
  async change(@Req() request: Request, @Param('name') name: string, @Query() query: QueryMap, @Body() body: unknown): Promise<Answer> {
    const wanted = parseBody(InstanceStateBody, body);
    if (wanted.stateful) throw new LxError('request.unsupported', { what: 'stateful stop and start' });
    return Answer.operation(await this.instances.state.begin(projectOf(query), name, wanted, requestorOf(request)));
  }
}
