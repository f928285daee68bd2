import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import { AliasesPostBody, AliasPatchBody, AliasPostBody, AliasPutBody } from '#dto';
import { type LifecycleAction, refuse } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { LocalImages } from '#lib/image';
import { Answer } from '../rim/answer.ts';
import { checkEtag } from '../rim/etag.ts';
import { parseBody } from '../rim/parse-body.ts';
import { projectOf, recursionOf } from '../rim/query.ts';
import type { Query as QueryMap, Request } from '../rim/request.ts';
import { requestorOf } from '../rim/requestor.ts';
import { ENGINE, IMAGES } from '../tokens.ts';
import { aliasUrl, presentAlias } from './images.presenter.ts';

/** /1.0/images/aliases and /1.0/images/aliases/{name}; names may hold slashes, encoded or not. */
@Controller('1.0/images/aliases')
export class AliasesController {
  constructor(
    @Inject(IMAGES) private readonly images: LocalImages,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get()
  async list(@Query() query: QueryMap): Promise<Answer> {
    const rows = await this.images.aliases.list(projectOf(query));
    return Answer.sync(recursionOf(query) === 0 ? rows.map((row) => aliasUrl(row.name)) : rows.map(presentAlias));
  }

  @Post()
  async create(@Req() request: Request, @Query() query: QueryMap, @Body() body: unknown): Promise<Answer> {
    const project = projectOf(query);
    const { name, description, target, type } = parseBody(AliasesPostBody, body);
    refuse(type !== '' && type !== 'container' ? [`Invalid image type ${JSON.stringify(type)}: only containers`] : []);
    await this.images.aliases.create(project, name, { description, target });
    this.#tell('image-alias-created', project, name, request);
    return Answer.created(aliasUrl(name));
  }

  @Get('*')
  async show(@Param('*') name: string, @Query() query: QueryMap): Promise<Answer> {
    const entry = presentAlias(await this.images.aliases.get(projectOf(query), name));
    return Answer.sync(entry, { etag: entry });
  }

  @Put('*')
  async replace(
    @Req() request: Request,
    @Param('*') name: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Query() query: QueryMap,
    @Body() body: unknown,
  ): Promise<Answer> {
    const { description, target } = parseBody(AliasPutBody, body);
    refuse(target === '' ? ['The target field is required'] : []);
    return this.#update(request, projectOf(query), name, ifMatch, { description, target });
  }

  @Patch('*')
  async merge(
    @Req() request: Request,
    @Param('*') name: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Query() query: QueryMap,
    @Body() body: unknown,
  ): Promise<Answer> {
    return this.#update(request, projectOf(query), name, ifMatch, parseBody(AliasPatchBody, body));
  }

  async #update(request: Request, project: string, name: string, ifMatch: string | undefined, change: AliasPatchBody): Promise<Answer> {
    checkEtag(ifMatch, presentAlias(await this.images.aliases.get(project, name)));
    await this.images.aliases.update(project, name, change);
    this.#tell('image-alias-updated', project, name, request);
    return Answer.sync();
  }

  @Post('*')
  async rename(@Req() request: Request, @Param('*') name: string, @Query() query: QueryMap, @Body() body: unknown): Promise<Answer> {
    const project = projectOf(query);
    const newName = parseBody(AliasPostBody, body).name;
    await this.images.aliases.rename(project, name, newName);
    this.#tell('image-alias-renamed', project, newName, request, { old_name: name });
    return Answer.created(aliasUrl(newName));
  }

  @Delete('*')
  async remove(@Req() request: Request, @Param('*') name: string, @Query() query: QueryMap): Promise<Answer> {
    const project = projectOf(query);
    await this.images.aliases.delete(project, name);
    this.#tell('image-alias-deleted', project, name, request);
    return Answer.sync();
  }

  #tell(action: LifecycleAction, project: string, name: string, request: Request, context?: Record<string, unknown>): void {
    this.engine.events.lifecycle(project, { action, source: aliasUrl(name), ...(context && { context }), requestor: requestorOf(request) });
  }
}
