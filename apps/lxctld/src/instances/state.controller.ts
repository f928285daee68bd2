import { Controller, Get, Inject, Param, Put } from '@nestjs/common';
import { InstanceStateBody } from '#dto';
import { LxError } from '#lib/contract';
import type { Instances } from '#lib/instance';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { INSTANCES } from '../tokens.ts';

/** /1.0/instances/{name}/state. */
@Controller('1.0/instances/:name/state')
export class StateController {
  constructor(@Inject(INSTANCES) private readonly instances: Instances) {}

  @Get()
  @Access('view')
  async show(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    return Answer.sync(await this.instances.reader.state(call.project, name));
  }

  @Put()
  @Access('operate-instances')
  async change(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const wanted = call.body(InstanceStateBody);
    if (wanted.stateful) throw new LxError('request.unsupported', { what: 'stateful stop and start' });
    return Answer.operation(await this.instances.state.begin(call.project, name, wanted, call.requestor));
  }
}
