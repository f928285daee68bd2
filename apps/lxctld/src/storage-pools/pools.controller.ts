import { Controller, Delete, Get, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { PoolPatchBody, PoolPutBody, PoolsPostBody } from '#dto';
import { type LifecycleAction, refuse, urls, type WirePool } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { Storage } from '#lib/storage';
import type { PoolRow } from '#lib/store';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE, STORAGE } from '../tokens.ts';
import { poolTuple, presentPool } from './pools.presenter.ts';

/** /1.0/storage-pools and /1.0/storage-pools/{name}. Pools belong to no project. */
@Controller('1.0/storage-pools')
export class PoolsController {
  constructor(
    @Inject(STORAGE) private readonly storage: Storage,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get()
  @Access('trusted')
  async list(@Call() call: Call): Promise<Answer> {
    const rows = await this.storage.pools.list();
    if (call.wantsNamesOnly) return Answer.sync(rows.map((row) => urls.pool(row.name)));
    return call.list(await Promise.all(rows.map((row) => this.#view(row))), ({ name }) => urls.pool(name));
  }

  @Post()
  @Access('admin')
  async create(@Call() call: Call): Promise<Answer> {
    const wanted = call.body(PoolsPostBody);
    refuse([...(wanted.name === '' ? ['No name provided'] : []), ...(wanted.driver === '' ? ['No driver provided'] : [])]);
    const row = await this.storage.pools.create(wanted, call.requestor);
    this.#tell('storage-pool-created', row.name, call);
    return Answer.created(urls.pool(row.name));
  }

  @Get(':name')
  @Access('trusted')
  async show(@Param('name') name: string): Promise<Answer> {
    const row = await this.storage.pools.get(name);
    return Answer.sync(await this.#view(row), { etag: poolTuple(row) });
  }

  @Put(':name')
  @Access('admin')
  async replace(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const change = call.body(PoolPutBody);
    await this.storage.pools.update(name, (before) => {
      call.match(poolTuple(before));
      return change;
    });
    this.#tell('storage-pool-updated', name, call);
    return Answer.sync();
  }

  @Patch(':name')
  @Access('admin')
  async merge(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const { description, config } = call.body(PoolPatchBody);
    await this.storage.pools.update(name, (before) => {
      call.match(poolTuple(before));
      return { ...(description !== undefined && { description }), ...(config && { config: { ...before.config, ...config } }) };
    });
    this.#tell('storage-pool-updated', name, call);
    return Answer.sync();
  }

  @Delete(':name')
  @Access('admin')
  async remove(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    await this.storage.pools.delete(name, call.requestor);
    this.#tell('storage-pool-deleted', name, call);
    return Answer.sync();
  }

  @Get(':name/resources')
  @Access('trusted')
  async resources(@Param('name') name: string): Promise<Answer> {
    return Answer.sync(await this.storage.pools.resources(name));
  }

  async #view(row: PoolRow): Promise<WirePool> {
    const [usedBy, available] = await Promise.all([this.storage.pools.usedBy(row.name), this.storage.pools.available(row.name)]);
    return presentPool(row, usedBy, available);
  }

  #tell(action: LifecycleAction, name: string, call: Call): void {
    this.engine.events.lifecycle('default', { action, source: urls.pool(name), requestor: call.requestor });
  }
}
