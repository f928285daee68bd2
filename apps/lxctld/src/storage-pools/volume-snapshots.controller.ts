import { Controller, Delete, Get, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { VolumeSnapshotPatchBody, VolumeSnapshotPostBody, VolumeSnapshotPutBody, VolumeSnapshotsPostBody } from '#dto';
import { LxError, never } from '#lib/contract';
import { type CustomVolumes, type SnapshotChange, type Storage, snapshotOf, volumeUrl } from '#lib/storage';
import type { VolumeRow } from '#lib/store';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { CUSTOM_VOLUMES, STORAGE } from '../tokens.ts';
import { namedVolume, refuseUnknownType, type VolumeAt } from './named-volume.ts';
import { presentVolumeSnapshot, volumeSnapshotTuple } from './pools.presenter.ts';

type SnapshotAt = VolumeAt & { snapshot: string };

/** /1.0/storage-pools/{pool}/volumes/{type}/{name}/snapshots: those of instances are shown here, those of custom volumes also made and changed. */
@Controller('1.0/storage-pools/:pool/volumes/:type/:name/snapshots')
export class VolumeSnapshotsController {
  constructor(
    @Inject(CUSTOM_VOLUMES) private readonly volumes: CustomVolumes,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  @Get()
  @Access('view')
  async list(@Param() at: VolumeAt, @Call() call: Call): Promise<Answer> {
    refuseUnknownType(at.type);
    const project = call.projectOf('storage.volumes');
    const { snapshots } = await this.storage.volumes.get(at.pool, project, at.type, at.name);
    return call.list(
      snapshots.map((row) => ({ ...presentVolumeSnapshot(row), name: row.name })),
      (snapshot) => volumeUrl({ type: at.type, project, name: snapshot.name }, at.pool),
    );
  }

  @Post()
  @Access('manage-volumes')
  async create(@Param() at: VolumeAt, @Call() call: Call): Promise<Answer> {
    const { expires_at, ...wanted } = call.body(VolumeSnapshotsPostBody);
    const wish = {
      name: wanted.name,
      ...(wanted.description !== undefined && { description: wanted.description }),
      expiresAt: expires_at ?? null,
    };
    return Answer.operation(await this.volumes.snapshots.create(namedVolume(at.pool, at.type, at.name, call), wish, call.requestor));
  }

  @Get(':snapshot')
  @Access('view')
  async show(@Param() { snapshot, ...at }: SnapshotAt, @Call() call: Call): Promise<Answer> {
    refuseUnknownType(at.type);
    const { snapshots } = await this.storage.volumes.get(at.pool, call.projectOf('storage.volumes'), at.type, at.name);
    const row = snapshots.find((each) => snapshotOf(each) === snapshot);
    if (!row) throw new LxError('volume.snapshot_not_found');
    return Answer.sync(presentVolumeSnapshot(row), { etag: volumeSnapshotTuple(row) });
  }

  @Put(':snapshot')
  @Access('manage-volumes')
  async replace(@Param() { snapshot, ...at }: SnapshotAt, @Call() call: Call): Promise<Answer> {
    const { description, expires_at } = call.body(VolumeSnapshotPutBody);
    return this.#update(namedVolume(at.pool, at.type, at.name, call), snapshot, call, { description, expiresAt: expires_at ?? never });
  }

  @Patch(':snapshot')
  @Access('manage-volumes')
  async merge(@Param() { snapshot, ...at }: SnapshotAt, @Call() call: Call): Promise<Answer> {
    const { description, expires_at } = call.body(VolumeSnapshotPatchBody);
    const change = { ...(description !== undefined && { description }), ...(typeof expires_at === 'string' && { expiresAt: expires_at }) };
    return this.#update(namedVolume(at.pool, at.type, at.name, call), snapshot, call, change);
  }

  @Post(':snapshot')
  @Access('manage-volumes')
  async rename(@Param() { snapshot, ...at }: SnapshotAt, @Call() call: Call): Promise<Answer> {
    const wanted = call.body(VolumeSnapshotPostBody);
    const volume = namedVolume(at.pool, at.type, at.name, call);
    if (wanted.migration) throw new LxError('feature.not_implemented', { what: 'moves of storage volumes to another server' });
    return Answer.operation(await this.volumes.snapshots.rename(volume, snapshot, wanted.name, call.requestor));
  }

  @Delete(':snapshot')
  @Access('manage-volumes')
  async remove(@Param() { snapshot, ...at }: SnapshotAt, @Call() call: Call): Promise<Answer> {
    return Answer.operation(await this.volumes.snapshots.delete(namedVolume(at.pool, at.type, at.name, call), snapshot, call.requestor));
  }

  async #update(volume: ReturnType<typeof namedVolume>, snapshot: string, call: Call, change: SnapshotChange): Promise<Answer> {
    const matched = (before: VolumeRow) => {
      call.match(volumeSnapshotTuple(before));
      return change;
    };
    await this.volumes.snapshots.update(volume, snapshot, matched, call.requestor);
    return Answer.sync();
  }
}
