import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import { NetworkPatchBody, NetworkPostBody, NetworkPutBody, NetworksPostBody } from '#dto';
import { type LifecycleAction, LxError } from '#lib/contract';
import type { Engine } from '#lib/engine';
import { networkUsers, type Networks, type NetworkView } from '#lib/network';
import type { Store } from '#lib/store';
import { Answer } from '../rim/answer.ts';
import { checkEtag } from '../rim/etag.ts';
import { filterObjects } from '../rim/filter.ts';
import { parseBody } from '../rim/parse-body.ts';
import { parameter, projectOf, recursionOf } from '../rim/query.ts';
import type { Query as QueryMap, Request } from '../rim/request.ts';
import { requestorOf } from '../rim/requestor.ts';
import { ENGINE, NETWORKS, STORE } from '../tokens.ts';
import { networkTuple, networkUrl, presentLease, presentNetwork } from './networks.presenter.ts';

/** /1.0/networks. */
@Controller('1.0/networks')
export class NetworksController {
  constructor(
    @Inject(NETWORKS) private readonly networks: Networks,
    @Inject(STORE) private readonly store: Store,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get()
  async list(@Query() query: QueryMap): Promise<Answer> {
    const project = projectOf(query);
    const [views, users] = await Promise.all([this.networks.list(project), networkUsers(this.store, project)]);
    const chosen = filterObjects(
      views.map((view) => presentNetwork(view, users)),
      parameter(query, 'filter'),
    );
    return Answer.sync(recursionOf(query) === 0 ? chosen.map(networkUrl) : chosen);
  }

  @Post()
  async create(@Body() body: unknown, @Query() query: QueryMap, @Req() request: Request): Promise<Answer> {
    const project = projectOf(query);
    const row = await this.networks.create(project, parseBody(NetworksPostBody, body));
    this.#tell('network-created', project, row.name, request);
    return Answer.created(networkUrl(row));
  }

  @Get(':name')
  async show(@Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    const project = projectOf(query);
    const [view, users] = await Promise.all([this.networks.get(project, name), networkUsers(this.store, project)]);
    return Answer.sync(presentNetwork(view, users), { etag: networkTuple(view) });
  }

  @Put(':name')
  async replace(
    @Param('name') name: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: unknown,
    @Query() query: QueryMap,
    @Req() request: Request,
  ): Promise<Answer> {
    const project = projectOf(query);
    await this.#managed(project, name, ifMatch);
    await this.networks.update(project, name, parseBody(NetworkPutBody, body));
    this.#tell('network-updated', project, name, request);
    return Answer.sync();
  }

  @Patch(':name')
  async merge(
    @Param('name') name: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: unknown,
    @Query() query: QueryMap,
    @Req() request: Request,
  ): Promise<Answer> {
    const project = projectOf(query);
    const before = await this.#managed(project, name, ifMatch);
    const { description = before.description, config } = parseBody(NetworkPatchBody, body);
    await this.networks.update(project, name, { description, config: { ...before.config, ...config } });
    this.#tell('network-updated', project, name, request);
    return Answer.sync();
  }

  @Post(':name')
  async rename(@Param('name') name: string, @Body() body: unknown, @Query() query: QueryMap, @Req() request: Request): Promise<Answer> {
    const project = projectOf(query);
    const newName = parseBody(NetworkPostBody, body).name;
    await this.networks.rename(project, name, newName);
    this.#tell('network-renamed', project, newName, request, { old_name: name });
    return Answer.created(networkUrl({ name: newName }));
  }

  @Delete(':name')
  async remove(@Param('name') name: string, @Query() query: QueryMap, @Req() request: Request): Promise<Answer> {
    const project = projectOf(query);
    await this.networks.delete(project, name);
    this.#tell('network-deleted', project, name, request);
    return Answer.sync();
  }

  @Get(':name/state')
  async state(@Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    return Answer.sync(await this.networks.state(projectOf(query), name));
  }

  @Get(':name/leases')
  async leases(@Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    return Answer.sync((await this.networks.leases(projectOf(query), name)).map(presentLease));
  }

  /** A link of the host can be looked at, not changed. */
  async #managed(project: string, name: string, ifMatch: string | undefined): Promise<NetworkView> {
    const view = await this.networks.get(project, name);
    if (!view.managed) throw new LxError('network.not_found');
    checkEtag(ifMatch, networkTuple(view));
    return view;
  }

  #tell(action: LifecycleAction, project: string, name: string, request: Request, context?: Record<string, unknown>): void {
    this.engine.events.lifecycle(project, {
      action,
      source: networkUrl({ name }),
      ...(context && { context }),
      requestor: requestorOf(request),
      name,
      project,
    });
  }
}
