import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import { PoolPatchBody, PoolPutBody, PoolsPostBody } from '#dto';
import { type LifecycleAction, refuse, type WirePool } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { Storage } from '#lib/storage';
import type { PoolRow } from '#lib/store';
import { Answer } from '../rim/answer.ts';
import { checkEtag } from '../rim/etag.ts';
import { filterObjects } from '../rim/filter.ts';
import { parseBody } from '../rim/parse-body.ts';
import { parameter, recursionOf } from '../rim/query.ts';
import type { Query as QueryMap, Request } from '../rim/request.ts';
import { requestorOf } from '../rim/requestor.ts';
import { ENGINE, STORAGE } from '../tokens.ts';
import { poolTuple, poolUrl, presentPool } from './pools.presenter.ts';

/** /1.0/storage-pools and /1.0/storage-pools/{name}. Pools belong to no project. */
@Controller('1.0/storage-pools')
export class PoolsController {
  constructor(
    @Inject(STORAGE) private readonly storage: Storage,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get()
  async list(@Query() query: QueryMap): Promise<Answer> {
    const rows = await this.storage.listPools();
    const filter = parameter(query, 'filter');
    if (recursionOf(query) === 0 && filter === '') return Answer.sync(rows.map((row) => poolUrl(row.name)));
    const views = filterObjects(await Promise.all(rows.map((row) => this.#view(row))), filter);
    return Answer.sync(recursionOf(query) === 0 ? views.map((view) => poolUrl(view.name)) : views);
  }

  @Post()
  async create(@Body() body: unknown, @Req() request: Request): Promise<Answer> {
    const wanted = parseBody(PoolsPostBody, body);
    refuse([...(wanted.name === '' ? ['No name provided'] : []), ...(wanted.driver === '' ? ['No driver provided'] : [])]);
    const row = await this.storage.createPool(wanted);
    this.#tell('storage-pool-created', row.name, request);
    return Answer.created(poolUrl(row.name));
  }

  @Get(':name')
  async show(@Param('name') name: string): Promise<Answer> {
    const row = await this.storage.pool(name);
    return Answer.sync(await this.#view(row), { etag: poolTuple(row) });
  }

  @Put(':name')
  async replace(
    @Param('name') name: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: unknown,
    @Req() request: Request,
  ): Promise<Answer> {
    checkEtag(ifMatch, poolTuple(await this.storage.pool(name)));
    await this.storage.updatePool(name, parseBody(PoolPutBody, body));
    this.#tell('storage-pool-updated', name, request);
    return Answer.sync();
  }

  @Patch(':name')
  async merge(
    @Param('name') name: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: unknown,
    @Req() request: Request,
  ): Promise<Answer> {
    const row = await this.storage.pool(name);
    checkEtag(ifMatch, poolTuple(row));
    const { description, config } = parseBody(PoolPatchBody, body);
    await this.storage.updatePool(name, {
      ...(description !== undefined && { description }),
      ...(config && { config: { ...row.config, ...config } }),
    });
    this.#tell('storage-pool-updated', name, request);
    return Answer.sync();
  }

  @Delete(':name')
  async remove(@Param('name') name: string, @Req() request: Request): Promise<Answer> {
    await this.storage.deletePool(name);
    this.#tell('storage-pool-deleted', name, request);
    return Answer.sync();
  }

  @Get(':name/resources')
  async resources(@Param('name') name: string): Promise<Answer> {
    return Answer.sync(await this.storage.poolResources(name));
  }

  async #view(row: PoolRow): Promise<WirePool> {
    const [usedBy, available] = await Promise.all([this.storage.usedBy(row.name), this.storage.available(row.name)]);
    return presentPool(row, usedBy, available);
  }

  #tell(action: LifecycleAction, name: string, request: Request): void {
    this.engine.events.lifecycle('default', { action, source: poolUrl(name), requestor: requestorOf(request) });
  }
}
