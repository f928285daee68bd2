import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import { InstancePatchBody, InstancePostBody, InstancePutBody, InstancesPostBody, InstancesPutBody } from '#dto';
import { LxError, refuse } from '#lib/contract';
import { type Instances, instanceEtag } from '#lib/instance';
import { Answer } from '../rim/answer.ts';
import { checkEtag } from '../rim/etag.ts';
import { filterObjects } from '../rim/filter.ts';
import { parseBody } from '../rim/parse-body.ts';
import { parameter, projectOf, projectsOf, recursionOf } from '../rim/query.ts';
import type { Query as QueryMap, Request } from '../rim/request.ts';
import { requestorOf } from '../rim/requestor.ts';
import { INSTANCES } from '../tokens.ts';
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
  async list(@Query() query: QueryMap): Promise<Answer> {
    const project = projectsOf(query);
    const recursion = recursionOf(query);
    const filter = parameter(query, 'filter');
    if (recursion === 2) return Answer.sync(filterObjects(await this.instances.reader.fullViews(project), filter));
    const views = filterObjects(await this.instances.reader.views(project), filter);
    return Answer.sync(recursion === 1 ? views : views.map((view) => `/1.0/instances/${view.name}`));
  }

  @Post()
  async create(@Req() request: Request, @Query() query: QueryMap, @Body() body: unknown): Promise<Answer> {
    if (/^application\/octet-stream/.test(request.headers['content-type'] ?? ''))
      throw new LxError('request.unsupported', { what: 'import of an instance backup' });
    const project = projectOf(query);
    const { instance_type, profiles, ...wanted } = parseBody(InstancesPostBody, body);
    if (instance_type) throw new LxError('request.unsupported', { what: 'instance_type' });
    return Answer.operation(
      await this.instances.verbs.create.begin(project, { ...wanted, profiles: profiles ?? null }, requestorOf(request)),
    );
  }

  @Put()
  async bulkState(@Req() request: Request, @Query() query: QueryMap, @Body() body: unknown): Promise<Answer> {
    return Answer.operation(await this.bulk.change(projectOf(query), parseBody(InstancesPutBody, body).state, requestorOf(request)));
  }

  @Get(':name')
  async show(@Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    const row = await this.instances.reader.row(projectOf(query), name);
    const metadata = await (recursionOf(query) > 0 ? this.instances.reader.fullView(row) : this.instances.reader.view(row));
    return Answer.sync(metadata, { etag: instanceEtag(row) });
  }

  @Put(':name')
  async replace(
    @Req() request: Request,
    @Param('name') name: string,
    @Query() query: QueryMap,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: unknown,
  ): Promise<Answer> {
    const row = await this.instances.reader.row(projectOf(query), name);
    checkEtag(ifMatch, instanceEtag(row));
    const wanted = parseBody(InstancePutBody, body);
    if (wanted.restore) throw new LxError('request.unsupported', { what: 'restoring a snapshot' });
    const { architecture, restore, profiles, ...change } = wanted;
    if (architecture && architecture !== row.architecture) refuse([`Requested architecture isn't supported by this host: ${architecture}`]);
    return Answer.operation(await this.instances.verbs.update.begin(row, { ...change, profiles: profiles ?? [] }, requestorOf(request)));
  }

  /** Waits for its own operation: PATCH answers synchronously in LXD. */
  @Patch(':name')
  async change(
    @Req() request: Request,
    @Param('name') name: string,
    @Query() query: QueryMap,
    @Headers('if-match') ifMatch: string | undefined,
    @Body() body: unknown,
  ): Promise<Answer> {
    const row = await this.instances.reader.row(projectOf(query), name);
    checkEtag(ifMatch, instanceEtag(row));
    const { config, devices, description, ephemeral, profiles } = parseBody(InstancePatchBody, body);
    const merged = {
      description: description ?? row.description,
      ephemeral: ephemeral ?? row.ephemeral,
      profiles: profiles ?? row.profiles,
      config: { ...row.config, ...config },
      devices: { ...row.devices, ...devices },
    };
    const done = await (await this.instances.verbs.update.begin(row, merged, requestorOf(request))).done;
    if (done.status_code !== 200) throw new LxError('server.internal', { reason: done.err });
    return Answer.sync();
  }

  @Post(':name')
  async rename(@Req() request: Request, @Param('name') name: string, @Query() query: QueryMap, @Body() body: unknown): Promise<Answer> {
    const row = await this.instances.reader.row(projectOf(query), name);
    const wanted = parseBody(InstancePostBody, body);
    if (wanted.migration || wanted.pool || wanted.project) throw new LxError('request.unsupported', { what: 'moving an instance' });
    return Answer.operation(await this.instances.verbs.rename.begin(row, wanted.name, requestorOf(request)));
  }

  @Delete(':name')
  async remove(@Req() request: Request, @Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    return Answer.operation(
      await this.instances.verbs.delete.begin(await this.instances.reader.row(projectOf(query), name), requestorOf(request)),
    );
  }
}
