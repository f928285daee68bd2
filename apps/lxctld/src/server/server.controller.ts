import { Body, Controller, Get, Inject, Patch, Put, Query, Req } from '@nestjs/common';
import { ServerPut } from '#dto';
import { Answer } from '../rim/answer.ts';
import { parseBody } from '../rim/parse-body.ts';
import { projectOf } from '../rim/query.ts';
import type { Query as QueryMap, Request } from '../rim/request.ts';
import { requestorOf } from '../rim/requestor.ts';
import { resources } from './resources/resources.ts';
import { SERVER } from '../tokens.ts';
import type { ServerService } from './server.service.ts';

@Controller()
export class ServerController {
  constructor(@Inject(SERVER) private readonly server: ServerService) {}

  @Get()
  versions(): Answer {
    return Answer.sync(['/1.0']);
  }

  @Get('1.0')
  async show(@Query() query: QueryMap): Promise<Answer> {
    const server = await this.server.show(projectOf(query));
    return Answer.sync(server, { etag: [server.config] });
  }

  @Get('1.0/resources')
  async resources(): Promise<Answer> {
    return Answer.sync(await resources());
  }

  @Put('1.0')
  replace(@Body() body: unknown, @Req() request: Request): Promise<Answer> {
    return this.#configure(body, request, false);
  }

  @Patch('1.0')
  merge(@Body() body: unknown, @Req() request: Request): Promise<Answer> {
    return this.#configure(body, request, true);
  }

  async #configure(body: unknown, request: Request, merge: boolean): Promise<Answer> {
    const { config } = parseBody(ServerPut, body);
    await this.server.configure(config, { merge, ifMatch: request.headers['if-match'], requestor: requestorOf(request) });
    return Answer.sync();
  }
}
