import { Controller, Get, Inject, Param } from '@nestjs/common';
import { type Storage, volumeUrl } from '#lib/storage';
import type { VolumeRow } from '#lib/store';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { STORAGE } from '../tokens.ts';
import { refuseUnknownType } from './named-volume.ts';
import { presentVolume, volumeTuple } from './pools.presenter.ts';

/** /1.0/storage-pools/{pool}/volumes, to be read: what instances and images have in a pool, and custom volumes. */
@Controller('1.0/storage-pools/:pool/volumes')
export class VolumesController {
  constructor(@Inject(STORAGE) private readonly storage: Storage) {}

  @Get()
  @Access('view')
  async list(@Param('pool') pool: string, @Call() call: Call): Promise<Answer> {
    return this.#answer(pool, await this.storage.volumes.list(pool, call.projectOf('storage.volumes')), call);
  }

  @Get(':type')
  @Access('view')
  async listType(@Param('pool') pool: string, @Param('type') type: string, @Call() call: Call): Promise<Answer> {
    refuseUnknownType(type);
    const rows = await this.storage.volumes.list(pool, call.projectOf('storage.volumes'));
    return this.#answer(
      pool,
      rows.filter((row) => row.type === type),
      call,
    );
  }

  @Get(':type/:name')
  @Access('view')
  async show(@Param('pool') pool: string, @Param('type') type: string, @Param('name') name: string, @Call() call: Call): Promise<Answer> {
    refuseUnknownType(type);
    const { row } = await this.storage.volumes.get(pool, call.projectOf('storage.volumes'), type, name);
    const usedBy = await this.storage.volumes.usedBy(pool);
    return Answer.sync(presentVolume(row, pool, usedBy(row)), { etag: volumeTuple(row) });
  }

  async #answer(pool: string, rows: readonly VolumeRow[], call: Call): Promise<Answer> {
    const usedBy = call.wantsNamesOnly ? () => [] : await this.storage.volumes.usedBy(pool);
    return call.list(
      rows.map((row) => presentVolume(row, pool, usedBy(row))),
      (row) => volumeUrl(row, pool),
    );
  }
}
