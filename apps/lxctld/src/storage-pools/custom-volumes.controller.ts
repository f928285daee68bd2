import type { Readable } from 'node:stream';
import { Controller, Delete, Get, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { VolumePatchBody, VolumePostBody, VolumePutBody, VolumesPostBody } from '#dto';
import { LxError, refuse, urls, type WireVolumeState } from '#lib/contract';
import { succeeded } from '#lib/engine';
import type { CustomVolumes, NewVolume } from '#lib/storage';
import type { VolumeRow } from '#lib/store';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { refuseUnstorable } from '../rim/text.ts';
import { CUSTOM_VOLUMES } from '../tokens.ts';
import { namedVolume } from './named-volume.ts';
import { readVolumeBackupIndex } from './volume-backup-index.ts';
import { volumeTuple, volumeTypes } from './pools.presenter.ts';

/** Changes of /1.0/storage-pools/{pool}/volumes: custom volumes alone are changed here, others with what they belong to. */
@Controller('1.0/storage-pools/:pool/volumes')
export class CustomVolumesController {
  constructor(@Inject(CUSTOM_VOLUMES) private readonly volumes: CustomVolumes) {}

  @Post()
  @Access('manage-volumes')
  async createTyped(@Param('pool') pool: string, @Call() call: Call): Promise<Answer> {
    if (call.upload) return this.#import(pool, 'custom', call, call.upload);
    const body = call.body(VolumesPostBody);
    refuse(body.type === '' ? ['You must provide a storage volume type of the storage volume'] : []);
    return this.#create(pool, body.type, body, call);
  }

  @Post(':type')
  @Access('manage-volumes')
  async create(@Param('pool') pool: string, @Param('type') type: string, @Call() call: Call): Promise<Answer> {
    if (call.upload) return this.#import(pool, type, call, call.upload);
    return this.#create(pool, type, call.body(VolumesPostBody), call);
  }

  @Put(':type/:name')
  @Access('manage-volumes')
  async replace(@Param('pool') pool: string, @Param('type') type: string, @Param('name') name: string, @Call() call: Call) {
    const { description, config, restore } = call.body(VolumePutBody);
    if (restore !== '') {
      const volume = namedVolume(pool, type, name, call);
      call.match(volumeTuple(await this.volumes.get(volume)));
      await succeeded(await this.volumes.snapshots.restore(volume, restore, call.requestor));
      return Answer.sync();
    }
    return this.#update(pool, type, name, call, () => ({ description, config }));
  }

  @Patch(':type/:name')
  @Access('manage-volumes')
  async merge(@Param('pool') pool: string, @Param('type') type: string, @Param('name') name: string, @Call() call: Call) {
    const { description, config } = call.body(VolumePatchBody);
    return this.#update(pool, type, name, call, (before) => ({
      ...(description !== undefined && { description }),
      ...(config && { config: { ...before.config, ...config } }),
    }));
  }

  /** LXD answers a new name at once, and a new pool with an operation. */
  @Post(':type/:name')
  @Access('manage-volumes')
  async rename(@Param('pool') pool: string, @Param('type') type: string, @Param('name') name: string, @Call() call: Call) {
    const body = call.body(VolumePostBody);
    refuse(
      type === 'custom' || !volumeTypes.includes(type) ? [] : [`Renaming storage volumes of type ${JSON.stringify(type)} is not allowed`],
    );
    const volume = namedVolume(pool, type, name, call);
    if (body.migration) throw new LxError('feature.not_implemented', { what: 'moves of storage volumes to another server' });
    this.#sameProject(body.project, call);
    if (body.pool !== '' && body.pool !== pool) {
      return Answer.operation(await this.volumes.move(volume, { pool: body.pool, name: body.name }, call.requestor));
    }
    await succeeded(await this.volumes.rename(volume, body.name, call.requestor));
    return Answer.created(urls.volume(pool, type, body.name, volume.project));
  }

  @Delete(':type/:name')
  @Access('manage-volumes')
  async remove(@Param('pool') pool: string, @Param('type') type: string, @Param('name') name: string, @Call() call: Call) {
    await succeeded(await this.volumes.delete(namedVolume(pool, type, name, call), call.requestor));
    return Answer.sync();
  }

  @Get(':type/:name/state')
  @Access('view')
  async state(@Param('pool') pool: string, @Param('type') type: string, @Param('name') name: string, @Call() call: Call) {
    const state: WireVolumeState = { usage: await this.volumes.usage(namedVolume(pool, type, name, call)) };
    return Answer.sync(state);
  }

  async #import(pool: string, type: string, call: Call, content: Readable): Promise<Answer> {
    const header = (name: string) => call.header(`x-lxd-${name}`) || call.header(`x-incus-${name}`);
    if (header('type') === 'iso') refuse(contentProblems('iso'));
    const volume = namedVolume(pool, type, header('name'), call);
    refuseUnstorable({ name: volume.name }, 'headers');
    return Answer.operation(await this.volumes.backups.import(volume, content, readVolumeBackupIndex, call.requestor));
  }

  async #create(pool: string, type: string, body: VolumesPostBody, call: Call): Promise<Answer> {
    const { name, description, config, source } = body;
    refuse([
      ...(type === 'custom' ? [] : [`Currently not allowed to create storage volumes of type ${JSON.stringify(type)}`]),
      ...contentProblems(body.content_type),
      ...(['', 'copy', 'migration'].includes(source.type) ? [] : [`Unknown source type ${JSON.stringify(source.type)}`]),
    ]);
    if (source.type === 'migration') throw new LxError('feature.not_implemented', { what: 'storage volumes from another server' });
    if (source.refresh) throw new LxError('feature.not_implemented', { what: 'refreshing storage volumes' });
    const wanted: NewVolume = { pool, project: call.projectOf('storage.volumes'), name, description, config };
    if (source.type === 'copy') {
      refuse(source.name === '' ? ['No source volume name supplied'] : []);
      this.#sameProject(source.project, call);
      const of = { pool: source.pool || pool, project: wanted.project, name: source.name };
      return Answer.operation(await this.volumes.copy(wanted, of, source.volume_only, call.requestor));
    }
    await succeeded(await this.volumes.create(wanted, call.requestor));
    return Answer.sync();
  }

  async #update(
    pool: string,
    type: string,
    name: string,
    call: Call,
    change: (before: VolumeRow) => Partial<Pick<VolumeRow, 'description' | 'config'>>,
  ): Promise<Answer> {
    const matched = (before: VolumeRow) => {
      call.match(volumeTuple(before));
      return change(before);
    };
    await this.volumes.update(namedVolume(pool, type, name, call), matched, call.requestor);
    return Answer.sync();
  }

  #sameProject(project: string, call: Call): void {
    if (project !== '' && project !== call.project) throw new LxError('project.not_found');
  }
}

function contentProblems(content: string): string[] {
  if (content === '' || content === 'filesystem') return [];
  if (content === 'block' || content === 'iso') {
    return [`Storage volumes of content type "${content}" are not supported by this server: they are disks of virtual machines`];
  }
  return ['Invalid volume content type name'];
}
