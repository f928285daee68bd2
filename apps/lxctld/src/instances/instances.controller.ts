import type { Readable } from 'node:stream';
import { Controller, Delete, Get, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { InstancePatchBody, InstancePostBody, InstancePutBody, InstanceRebuildBody, InstancesPostBody, InstancesPutBody } from '#dto';
import { LxError, refuse, urls, type WireInstance } from '#lib/contract';
import { succeeded } from '#lib/engine';
import { architectureProblems, type Instances, instanceEtag } from '#lib/instance';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { filterObjects } from '../rim/filter.ts';
import { refuseUnstorable } from '../rim/text.ts';
import { INSTANCES } from '../tokens.ts';
import { readBackupIndex } from './backup-index.ts';
import type { BulkState } from './bulk-state.ts';
import { BULK_STATE } from './bulk-state.ts';

/** /1.0/instances and /1.0/instances/{name}. */
@Controller('1.0/instances')
export class InstancesController {
  constructor(
    @Inject(INSTANCES) private readonly instances: Instances,
    @Inject(BULK_STATE) private readonly bulk: BulkState,
  ) {}

  @Get()
  @Access('view')
  async list(@Call() call: Call): Promise<Answer> {
    const urlOf = call.saysContainers ? urls.container : urls.instance;
    const views = await (call.recursion === 2
      ? this.instances.reader.fullViews(call.projects)
      : this.instances.reader.views(call.projects));
    return call.list<WireInstance>(views, ({ name, project }) => urlOf(name, project));
  }

  @Post()
  @Access('manage-instances')
  async create(@Call() call: Call): Promise<Answer> {
    if (call.upload) return this.#import(call, call.upload);
    const { instance_type, profiles, ...wanted } = call.body(InstancesPostBody);
    if (instance_type) throw new LxError('request.unsupported', { what: 'instance_type' });
    const request = { ...wanted, profiles: profiles ?? null };
    if (wanted.source.type === 'copy') return Answer.operation(await this.#copy(call, request));
    return Answer.operation(await this.instances.verbs.create.begin(call.project, request, call.requestor));
  }

  async #import(call: Call, content: Readable): Promise<Answer> {
    const header = (name: string) => call.header(`x-lxd-${name}`) || call.header(`x-incus-${name}`);
    for (const [name, what] of [
      ['devices', 'devices of its own for the import of a backup'],
      ['config', 'configuration of its own for the import of a backup'],
    ] as const)
      if (header(name) !== '') throw new LxError('request.unsupported', { what });
    const request = { name: header('name'), pool: header('pool') };
    refuseUnstorable(request, 'headers');
    return Answer.operation(await this.instances.verbs.import.begin(call.project, content, readBackupIndex, request, call.requestor));
  }

  /** Clients ask for `live` whether the source runs or not; in a copy on one server LXD makes nothing of it. */
  async #copy(call: Call, { source, ...request }: Omit<InstancesPostBody, 'profiles' | 'instance_type'> & { profiles: string[] | null }) {
    if (source.project !== '' && source.project !== call.project)
      throw new LxError('request.unsupported', { what: 'a copy from another project' });
    refuse(source.source === '' ? ['Must specify a source instance'] : []);
    const [name = '', ...snapshot] = source.source.split('/');
    const row = await this.instances.reader.row(call.project, name);
    const alone = source.instance_only || source.container_only;
    const there = source.refresh ? await this.instances.reader.find(call.project, request.name) : null;
    if (there) {
      if (snapshot.length > 0) throw new LxError('request.unsupported', { what: 'refreshing a copy from a snapshot' });
      return this.instances.verbs.refresh.begin(row, there, alone, call.requestor);
    }
    const copied = { snapshot: snapshot.length > 0 ? snapshot.join('/') : null, alone };
    return this.instances.verbs.copy.begin(row, { ...request, ...copied }, call.requestor);
  }

  @Put()
  @Access('operate-instances')
  async bulkState(@Call() call: Call): Promise<Answer> {
    const chosen = (views: readonly WireInstance[]) => filterObjects(views, call.parameter('filter'));
    return Answer.operation(await this.bulk.change(call.project, call.body(InstancesPutBody).state, call.requestor, chosen));
  }

  @Get(':name')
  @Access('view')
  async show(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const metadata = await (call.recursion > 0 ? this.instances.reader.fullView(row) : this.instances.reader.view(row));
    return Answer.sync(metadata, { etag: instanceEtag(row) });
  }

  /** Incus': who may do what with it. Whoever is let in by the socket may do all. */
  @Get(':name/access')
  @Access('view')
  async access(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    await this.instances.reader.row(call.project, name);
    return Answer.sync([]);
  }

  @Put(':name')
  @Access('manage-instances')
  async replace(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    call.match(instanceEtag(row));
    const wanted = call.body(InstancePutBody);
    if (wanted.restore) {
      if (wanted.stateful) throw new LxError('request.unsupported', { what: 'stateful snapshots' });
      const snapshot = await this.instances.reader.snapshotRow(row, wanted.restore.replace(`${row.name}/`, ''));
      return Answer.operation(await this.instances.verbs.restore.begin(row, snapshot, call.requestor));
    }
    const { architecture, restore, stateful, profiles, ...change } = wanted;
    refuse(architectureProblems(architecture ?? '', row.architecture));
    return Answer.operation(await this.instances.verbs.update.begin(row, { ...change, profiles: profiles ?? [] }, call.requestor));
  }

  /** Waits for its own operation: PATCH answers synchronously in LXD. */
  @Patch(':name')
  @Access('manage-instances')
  async change(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    call.match(instanceEtag(row));
    const { config, devices, description, ephemeral, profiles } = call.body(InstancePatchBody);
    const merged = {
      description: description ?? row.description,
      ephemeral: ephemeral ?? row.ephemeral,
      profiles: profiles ?? row.profiles,
      config: { ...row.config, ...config },
      devices: { ...row.devices, ...devices },
    };
    await succeeded(await this.instances.verbs.update.begin(row, merged, call.requestor));
    return Answer.sync();
  }

  @Post(':name')
  @Access('manage-instances')
  async rename(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const wanted = call.body(InstancePostBody);
    if (wanted.project && wanted.project !== call.project)
      throw new LxError('request.unsupported', { what: 'moving an instance to another project' });
    if (wanted.pool) {
      if (wanted.name && wanted.name !== row.name)
        throw new LxError('request.unsupported', { what: 'a new name in the move to another pool; rename the instance then' });
      return Answer.operation(await this.instances.verbs.move.begin(row, wanted.pool, call.requestor));
    }
    if (wanted.migration) throw new LxError('request.unsupported', { what: 'sending an instance to another server' });
    return Answer.operation(await this.instances.verbs.rename.begin(row, wanted.name, call.requestor));
  }

  @Post(':name/rebuild')
  @Access('manage-instances')
  async rebuild(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    return Answer.operation(await this.instances.verbs.rebuild.begin(row, call.body(InstanceRebuildBody).source, call.requestor));
  }

  @Delete(':name')
  @Access('manage-instances')
  async remove(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    return Answer.operation(await this.instances.verbs.delete.begin(await this.instances.reader.row(call.project, name), call.requestor));
  }
}
