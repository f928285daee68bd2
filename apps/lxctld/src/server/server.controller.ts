import { Controller, Get, Inject, Patch, Put } from '@nestjs/common';
import { ServerPut } from '#dto';
import { urls } from '#lib/contract';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { resources } from './resources/resources.ts';
import { SERVER } from '../tokens.ts';
import type { ServerService } from './server.service.ts';

@Controller()
export class ServerController {
  constructor(@Inject(SERVER) private readonly server: ServerService) {}

  @Get()
  @Access('public')
  versions(): Answer {
    return Answer.sync([urls.server()]);
  }

  @Get('1.0')
  @Access('public')
  async show(@Call() call: Call): Promise<Answer> {
    if (call.caller.trust === 'none') return Answer.sync(this.server.introduction());
    const server = await this.server.show(call.project);
    return Answer.sync(server, { etag: [server.config] });
  }

  @Get('1.0/resources')
  @Access('admin')
  async resources(): Promise<Answer> {
    return Answer.sync(await resources());
  }

  @Put('1.0')
  @Access('admin')
  replace(@Call() call: Call): Promise<Answer> {
    return this.#configure(call, false);
  }

  @Patch('1.0')
  @Access('admin')
  merge(@Call() call: Call): Promise<Answer> {
    return this.#configure(call, true);
  }

  async #configure(call: Call, merge: boolean): Promise<Answer> {
    await this.server.configure(call.body(ServerPut).config, { merge, match: call.match, requestor: call.requestor });
    return Answer.sync();
  }
}
