import { Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common';
import { BackupPostBody, VolumeBackupsPostBody } from '#dto';
import { extensions } from '#lib/archive';
import { urls } from '#lib/contract';
import { type CustomVolumes, type Storage } from '#lib/storage';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { attachment } from '../rim/attachment.ts';
import { Call } from '../rim/call.ts';
import { CUSTOM_VOLUMES, STORAGE } from '../tokens.ts';
import { namedVolume, refuseUnknownType, type VolumeAt } from './named-volume.ts';
import { presentVolumeBackup } from './pools.presenter.ts';

type BackupAt = VolumeAt & { backup: string };

/** /1.0/storage-pools/{pool}/volumes/{type}/{name}/backups: of custom volumes. Others have none: an instance has its own. */
@Controller('1.0/storage-pools/:pool/volumes/:type/:name/backups')
export class VolumeBackupsController {
  constructor(
    @Inject(CUSTOM_VOLUMES) private readonly volumes: CustomVolumes,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  @Get()
  @Access('view')
  async list(@Param() at: VolumeAt, @Call() call: Call): Promise<Answer> {
    refuseUnknownType(at.type);
    if (at.type !== 'custom') {
      await this.storage.volumes.get(at.pool, call.projectOf('storage.volumes'), at.type, at.name);
      return Answer.sync([]);
    }
    const { pool, project, name } = this.#volume(at, call);
    const rows = await this.volumes.backups.list({ pool, project, name });
    return call.list(rows.map(presentVolumeBackup), (backup) => urls.volumeBackup(pool, at.type, name, backup.name, project));
  }

  @Post()
  @Access('manage-volumes')
  async create(@Param() at: VolumeAt, @Call() call: Call): Promise<Answer> {
    const wanted = call.body(VolumeBackupsPostBody);
    const request = {
      name: wanted.name,
      expiresAt: wanted.expires_at ?? null,
      alone: wanted.volume_only,
      optimized: wanted.optimized_storage,
      compression: wanted.compression_algorithm,
    };
    return Answer.operation(await this.volumes.backups.create(this.#volume(at, call), request, call.requestor));
  }

  @Get(':backup')
  @Access('view')
  async show(@Param() { backup, ...at }: BackupAt, @Call() call: Call): Promise<Answer> {
    return Answer.sync(presentVolumeBackup(await this.volumes.backups.get(this.#volume(at, call), backup)));
  }

  @Post(':backup')
  @Access('manage-volumes')
  async rename(@Param() { backup, ...at }: BackupAt, @Call() call: Call): Promise<Answer> {
    const { name } = call.body(BackupPostBody);
    return Answer.operation(await this.volumes.backups.rename(this.#volume(at, call), backup, name, call.requestor));
  }

  @Delete(':backup')
  @Access('manage-volumes')
  async remove(@Param() { backup, ...at }: BackupAt, @Call() call: Call): Promise<Answer> {
    const volume = this.#volume(at, call);
    const row = await this.volumes.backups.get(volume, backup);
    return Answer.operation(await this.volumes.backups.delete(volume, row, call.requestor));
  }

  /** All that a volume holds, secrets too. */
  @Get(':backup/export')
  @Access('manage-volumes')
  async export(@Param() { backup, ...at }: BackupAt, @Call() call: Call): Promise<Answer> {
    const volume = this.#volume(at, call);
    const { size, format, content } = await this.volumes.backups.read(volume, backup, call.requestor);
    return Answer.raw(content, {
      'content-type': 'application/octet-stream',
      'content-disposition': attachment(`${volume.name}${extensions[format]}`),
      'content-length': String(size),
    });
  }

  #volume({ pool, type, name }: VolumeAt, call: Call) {
    return namedVolume(pool, type, name, call);
  }
}
