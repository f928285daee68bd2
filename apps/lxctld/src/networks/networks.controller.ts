import { Controller, Delete, Get, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { NetworkPatchBody, NetworkPostBody, NetworkPutBody, NetworksPostBody } from '#dto';
import { type LifecycleAction, urls } from '#lib/contract';
import type { Engine } from '#lib/engine';
import { networkUsers, type Networks } from '#lib/network';
import type { Store } from '#lib/store';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE, NETWORKS, STORE } from '../tokens.ts';
import { networkTuple, presentLease, presentNetwork } from './networks.presenter.ts';

/** /1.0/networks. */
@Controller('1.0/networks')
export class NetworksController {
  constructor(
    @Inject(NETWORKS) private readonly networks: Networks,
    @Inject(STORE) private readonly store: Store,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get()
  @Access('view')
  async list(@Call() call: Call): Promise<Answer> {
    const project = call.projectOf('networks');
    const [views, users] = await Promise.all([this.networks.list(project), networkUsers(this.store, project)]);
    return call.list(
      views.map((view) => presentNetwork(view, users)),
      ({ name }) => urls.network(name, project),
    );
  }

  @Post()
  @Access('manage-networks')
  async create(@Call() call: Call): Promise<Answer> {
    const project = call.projectOf('networks');
    const row = await this.networks.create(project, call.body(NetworksPostBody));
    this.#tell('network-created', project, row.name, call);
    return Answer.created(urls.network(row.name, project));
  }

  @Get(':name')
  @Access('view')
  async show(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const project = call.projectOf('networks');
    const [view, users] = await Promise.all([this.networks.get(project, name), networkUsers(this.store, project)]);
    return Answer.sync(presentNetwork(view, users), { etag: networkTuple(view) });
  }

  @Put(':name')
  @Access('manage-networks')
  async replace(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const project = call.projectOf('networks');
    const change = call.body(NetworkPutBody);
    await this.networks.update(project, name, (before) => {
      call.match(networkTuple(before));
      return change;
    });
    this.#tell('network-updated', project, name, call);
    return Answer.sync();
  }

  @Patch(':name')
  @Access('manage-networks')
  async merge(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const project = call.projectOf('networks');
    const change = call.body(NetworkPatchBody);
    await this.networks.update(project, name, (before) => {
      call.match(networkTuple(before));
      return { description: change.description ?? before.description, config: { ...before.config, ...change.config } };
    });
    this.#tell('network-updated', project, name, call);
    return Answer.sync();
  }

  @Post(':name')
  @Access('manage-networks')
  async rename(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const project = call.projectOf('networks');
    const newName = call.body(NetworkPostBody).name;
    await this.networks.rename(project, name, newName);
    this.#tell('network-renamed', project, newName, call, { old_name: name });
    return Answer.created(urls.network(newName, project));
  }

  @Delete(':name')
  @Access('manage-networks')
  async remove(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const project = call.projectOf('networks');
    await this.networks.delete(project, name);
    this.#tell('network-deleted', project, name, call);
    return Answer.sync();
  }

  @Get(':name/state')
  @Access('view')
  async state(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    return Answer.sync(await this.networks.state(call.projectOf('networks'), name));
  }

  @Get(':name/leases')
  @Access('view')
  async leases(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    return Answer.sync((await this.networks.leases(call.projectOf('networks'), name)).map(presentLease));
  }

  #tell(action: LifecycleAction, project: string, name: string, call: Call, context?: Record<string, unknown>): void {
    this.engine.events.lifecycle(project, {
      action,
      source: urls.network(name, project),
      ...(context && { context }),
      requestor: call.requestor,
      name,
      project,
    });
  }
}
