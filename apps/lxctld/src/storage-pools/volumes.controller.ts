import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { LxError, refuse } from '#lib/contract';
import type { Storage } from '#lib/storage';
import type { VolumeRow } from '#lib/store';
import { Answer } from '../rim/answer.ts';
import { filterObjects } from '../rim/filter.ts';
import { parameter, projectOf, recursionOf } from '../rim/query.ts';
import type { Query as QueryMap } from '../rim/request.ts';
import { STORAGE } from '../tokens.ts';
import { presentVolume, volumeTuple, volumeUrl } from './pools.presenter.ts';

const types = ['container', 'virtual-machine', 'image', 'custom'];

/** /1.0/storage-pools/{pool}/volumes: what instances and images have in a pool. */
@Controller('1.0/storage-pools/:pool/volumes')
export class VolumesController {
  constructor(@Inject(STORAGE) private readonly storage: Storage) {}

  @Get()
  async list(@Param('pool') pool: string, @Query() query: QueryMap): Promise<Answer> {
    return this.#answer(pool, await this.storage.volumes(pool, projectOf(query)), query);
  }

  @Get(':type')
  async listType(@Param('pool') pool: string, @Param('type') type: string, @Query() query: QueryMap): Promise<Answer> {
    refuse(types.includes(type) ? [] : [`Invalid storage volume type ${JSON.stringify(type)}`]);
    const rows = await this.storage.volumes(pool, projectOf(query));
    return this.#answer(
      pool,
      rows.filter((row) => row.type === type),
      query,
    );
  }

  @Get(':type/:name')
  async show(
    @Param('pool') pool: string,
    @Param('type') type: string,
    @Param('name') name: string,
    @Query() query: QueryMap,
  ): Promise<Answer> {
    const row = await this.#row(pool, type, name, query);
    return Answer.sync(presentVolume(row, pool), { etag: volumeTuple(row) });
  }

  /** This version makes neither snapshots nor backups, so the lists are empty. */
  @Get([':type/:name/snapshots', ':type/:name/backups'])
  async listNone(
    @Param('pool') pool: string,
    @Param('type') type: string,
    @Param('name') name: string,
    @Query() query: QueryMap,
  ): Promise<Answer> {
    await this.#row(pool, type, name, query);
    return Answer.sync([]);
  }

  async #row(pool: string, type: string, name: string, query: QueryMap): Promise<VolumeRow> {
    const rows = await this.storage.volumes(pool, projectOf(query));
    const row = rows.find((volume) => volume.type === type && volume.name === name);
    if (!row) throw new LxError('volume.not_found');
    return row;
  }

  #answer(pool: string, rows: readonly VolumeRow[], query: QueryMap): Answer {
    const views = filterObjects(
      rows.map((row) => presentVolume(row, pool)),
      parameter(query, 'filter'),
    );
    return Answer.sync(recursionOf(query) === 0 ? views.map((view) => volumeUrl(pool, view as unknown as VolumeRow)) : views);
  }
}
