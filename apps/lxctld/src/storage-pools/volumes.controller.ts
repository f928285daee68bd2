import { Controller, Get, Inject, Param } from '@nestjs/common';
import { LxError, refuse, urls } from '#lib/contract';
import type { Storage } from '#lib/storage';
import type { VolumeRow } from '#lib/store';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { STORAGE } from '../tokens.ts';
import { presentVolume, volumeTuple, volumeTypes } from './pools.presenter.ts';

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
    refuse(volumeTypes.includes(type) ? [] : ['Invalid storage volume type name']);
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
    const row = await this.#row(pool, type, name, call);
    const usedBy = await this.storage.volumes.usedBy(pool);
    return Answer.sync(presentVolume(row, pool, usedBy(row)), { etag: volumeTuple(row) });
  }

  /** This version makes neither snapshots nor backups, so the lists are empty. */
  @Get([':type/:name/snapshots', ':type/:name/backups'])
  @Access('view')
  async listNone(
    @Param('pool') pool: string,
    @Param('type') type: string,
    @Param('name') name: string,
    @Call() call: Call,
  ): Promise<Answer> {
    await this.#row(pool, type, name, call);
    return Answer.sync([]);
  }

  async #row(pool: string, type: string, name: string, call: Call): Promise<VolumeRow> {
    refuse(volumeTypes.includes(type) ? [] : ['Invalid storage volume type name']);
    const rows = await this.storage.volumes.list(pool, call.projectOf('storage.volumes'));
    const row = rows.find((volume) => volume.type === type && volume.name === name);
    if (!row) throw new LxError('volume.not_found');
    return row;
  }

  async #answer(pool: string, rows: readonly VolumeRow[], call: Call): Promise<Answer> {
    const usedBy = call.wantsNamesOnly ? () => [] : await this.storage.volumes.usedBy(pool);
    return call.list(
      rows.map((row) => presentVolume(row, pool, usedBy(row))),
      ({ type, name, project }) => urls.volume(pool, type, name, project),
    );
  }
}
