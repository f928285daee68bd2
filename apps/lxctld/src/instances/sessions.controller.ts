import { Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common';
import { ConsoleBody, ExecBody } from '#dto';
import { type LifecycleAction, urls } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { Instances, Logs, Sessions } from '#lib/instance';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE, INSTANCES } from '../tokens.ts';
import { LOGS, SESSIONS } from './tokens.ts';

/** /1.0/instances/{name}/exec and /console. */
@Controller('1.0/instances/:name')
export class SessionsController {
  constructor(
    @Inject(SESSIONS) private readonly sessions: Sessions,
    @Inject(INSTANCES) private readonly instances: Instances,
    @Inject(LOGS) private readonly logs: Logs,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Post('exec')
  @Access('operate-instances')
  async exec(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    return Answer.operation(await this.sessions.exec(call.project, name, call.body(ExecBody), call.requestor));
  }

  @Post('console')
  @Access('operate-instances')
  async attach(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    return Answer.operation(await this.sessions.console(call.project, name, call.body(ConsoleBody), call.requestor));
  }

  @Get('console')
  @Access('view')
  async log(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const content = await this.logs.console(row);
    this.#tell('instance-console-retrieved', name, call);
    return Answer.raw(content, {
      'content-type': 'application/octet-stream',
      'content-disposition': 'inline;filename=console.log',
    });
  }

  @Delete('console')
  @Access('operate-instances')
  async clear(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    await this.logs.clearConsole(await this.instances.reader.row(call.project, name));
    this.#tell('instance-console-reset', name, call);
    return Answer.sync();
  }

  #tell(action: LifecycleAction, name: string, call: Call): void {
    this.engine.events.lifecycle(call.project, { action, source: urls.instance(name, call.project), requestor: call.requestor });
  }
}
