import { Body, Controller, Delete, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ConsoleBody, ExecBody } from '#dto';
import type { Instances, Logs, Sessions } from '#lib/instance';
import { Answer } from '../rim/answer.ts';
import { parseBody } from '../rim/parse-body.ts';
import { projectOf } from '../rim/query.ts';
import type { Query as QueryMap, Request } from '../rim/request.ts';
import { requestorOf } from '../rim/requestor.ts';
import { INSTANCES } from '../tokens.ts';
import { LOGS, SESSIONS } from './tokens.ts';

/** /1.0/instances/{name}/exec and /console. */
@Controller('1.0/instances/:name')
export class SessionsController {
  constructor(
    @Inject(SESSIONS) private readonly sessions: Sessions,
    @Inject(INSTANCES) private readonly instances: Instances,
    @Inject(LOGS) private readonly logs: Logs,
  ) {}

  @Post('exec')
  async exec(@Req() request: Request, @Param('name') name: string, @Query() query: QueryMap, @Body() body: unknown): Promise<Answer> {
    return Answer.operation(await this.sessions.exec(projectOf(query), name, parseBody(ExecBody, body), requestorOf(request)));
  }

  @Post('console')
  async attach(@Req() request: Request, @Param('name') name: string, @Query() query: QueryMap, @Body() body: unknown): Promise<Answer> {
    return Answer.operation(await this.sessions.console(projectOf(query), name, parseBody(ConsoleBody, body), requestorOf(request)));
  }

  @Get('console')
  async log(@Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    const row = await this.instances.reader.row(projectOf(query), name);
    return Answer.raw(await this.logs.console(row), {
      'content-type': 'application/octet-stream',
      'content-disposition': 'inline;filename=console.log',
    });
  }

  @Delete('console')
  async clear(@Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    await this.logs.clearConsole(await this.instances.reader.row(projectOf(query), name));
    return Answer.sync();
  }
}
