import { Controller, Delete, Get, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { SnapshotPostBody, SnapshotPutBody, SnapshotsPostBody } from '#dto';
import { LxError, urls } from '#lib/contract';
import { type Instances, snapshotEtag } from '#lib/instance';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { INSTANCES } from '../tokens.ts';

/** /1.0/instances/{name}/snapshots. */
@Controller('1.0/instances/:name/snapshots')
export class SnapshotsController {
  constructor(@Inject(INSTANCES) private readonly instances: Instances) {}

  @Get()
  @Access('view')
  async list(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const urlOf = call.saysContainers ? urls.containerSnapshot : urls.instanceSnapshot;
    return call.list(await this.instances.reader.snapshotViews(row), (snapshot) => urlOf(row.name, snapshot.name, row.project));
  }

  @Post()
  @Access('manage-instances')
  async create(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const { expires_at, ...wanted } = call.body(SnapshotsPostBody);
    const request = { ...wanted, expiresAt: expires_at ?? null };
    return Answer.operation(await this.instances.verbs.snapshot.begin(row, request, call.requestor));
  }

  @Get(':snapshot')
  @Access('view')
  async show(@Call() call: Call, @Param('name') name: string, @Param('snapshot') snapshot: string): Promise<Answer> {
    const { instance, row } = await this.#found(call, name, snapshot);
    return Answer.sync(await this.instances.reader.snapshotView(instance, row), { etag: snapshotEtag(row) });
  }

  /** What is left out is unset. */
  @Put(':snapshot')
  @Access('manage-instances')
  async replace(@Call() call: Call, @Param('name') name: string, @Param('snapshot') snapshot: string): Promise<Answer> {
    return this.#update(call, name, snapshot, '');
  }

  @Patch(':snapshot')
  @Access('manage-instances')
  async change(@Call() call: Call, @Param('name') name: string, @Param('snapshot') snapshot: string): Promise<Answer> {
    return this.#update(call, name, snapshot, null);
  }

  @Post(':snapshot')
  @Access('manage-instances')
  async rename(@Call() call: Call, @Param('name') name: string, @Param('snapshot') snapshot: string): Promise<Answer> {
    const { instance, row } = await this.#found(call, name, snapshot);
    const wanted = call.body(SnapshotPostBody);
    if (wanted.migration) throw new LxError('request.unsupported', { what: 'sending a snapshot to another server' });
    return Answer.operation(await this.instances.verbs.snapshotRename.begin(instance, row, wanted.name, call.requestor));
  }

  @Delete(':snapshot')
  @Access('manage-instances')
  async remove(@Call() call: Call, @Param('name') name: string, @Param('snapshot') snapshot: string): Promise<Answer> {
    const { instance, row } = await this.#found(call, name, snapshot);
    return Answer.operation(await this.instances.verbs.snapshotDelete.begin(instance, row, call.requestor));
  }

  /** `otherwise`: the expiry of a body without one; null: as it is. */
  async #update(call: Call, name: string, snapshot: string, otherwise: string | null): Promise<Answer> {
    const { instance, row } = await this.#found(call, name, snapshot);
    call.match(snapshotEtag(row));
    const expires = call.body(SnapshotPutBody).expires_at ?? otherwise ?? row.expiresAt?.toISOString() ?? '';
    return Answer.operation(await this.instances.verbs.snapshotUpdate.begin(instance, row, expires, call.requestor));
  }

  async #found(call: Call, name: string, snapshot: string) {
    const instance = await this.instances.reader.row(call.project, name);
    return { instance, row: await this.instances.reader.snapshotRow(instance, snapshot) };
  }
}
