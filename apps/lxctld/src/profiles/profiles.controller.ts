import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import { ProfilePatch, ProfilePost, ProfilePut, ProfilesPost } from '#dto';
import type { ProfileChange, Profiles } from '#lib/profile';
import { Answer } from '../rim/answer.ts';
import { checkEtag } from '../rim/etag.ts';
import { filterObjects } from '../rim/filter.ts';
import { parseBody } from '../rim/parse-body.ts';
import { parameter, projectOf, recursionOf } from '../rim/query.ts';
import type { Query as QueryMap, Request } from '../rim/request.ts';
import { requestorOf } from '../rim/requestor.ts';
import { PROFILES } from '../tokens.ts';
import { presentProfile, profileTuple, profileUrl } from './profiles.presenter.ts';

@Controller('1.0/profiles')
export class ProfilesController {
  constructor(@Inject(PROFILES) private readonly profiles: Profiles) {}

  @Get()
  async list(@Query() query: QueryMap): Promise<Answer> {
    const project = projectOf(query);
    const rows = await this.profiles.list(project);
    const filter = parameter(query, 'filter');
    if (recursionOf(query) === 0 && filter === '') return Answer.sync(rows.map(profileUrl));
    const instances = await this.profiles.allUsers(project);
    const objects = rows.map((row) =>
      presentProfile(
        row,
        instances.filter((instance) => instance.profiles.includes(row.name)),
      ),
    );
    const chosen = filterObjects(objects, filter);
    return Answer.sync(recursionOf(query) === 0 ? chosen.map(profileUrl) : chosen);
  }

  @Post()
  async create(@Body() body: unknown, @Query() query: QueryMap, @Req() request: Request): Promise<Answer> {
    const profile = parseBody(ProfilesPost, body);
    await this.profiles.create(projectOf(query), profile, requestorOf(request));
    return Answer.created(profileUrl(profile));
  }

  @Get(':name')
  async show(@Param('name') name: string, @Query() query: QueryMap): Promise<Answer> {
    const project = projectOf(query);
    const row = await this.profiles.get(project, name);
    return Answer.sync(presentProfile(row, await this.profiles.users(project, name)), { etag: profileTuple(row) });
  }

  @Put(':name')
  async replace(@Param('name') name: string, @Body() body: unknown, @Query() query: QueryMap, @Req() request: Request): Promise<Answer> {
    await this.profiles.replace(change(name, query, request), parseBody(ProfilePut, body));
    return Answer.sync();
  }

  @Patch(':name')
  async merge(@Param('name') name: string, @Body() body: unknown, @Query() query: QueryMap, @Req() request: Request): Promise<Answer> {
    await this.profiles.merge(change(name, query, request), parseBody(ProfilePatch, body));
    return Answer.sync();
  }

  @Post(':name')
  async rename(@Param('name') name: string, @Body() body: unknown, @Query() query: QueryMap, @Req() request: Request): Promise<Answer> {
    const newName = parseBody(ProfilePost, body).name;
    await this.profiles.rename(projectOf(query), name, newName, requestorOf(request));
    return Answer.created(profileUrl({ name: newName }));
  }

  @Delete(':name')
  async remove(@Param('name') name: string, @Query() query: QueryMap, @Req() request: Request): Promise<Answer> {
    await this.profiles.delete(projectOf(query), name, requestorOf(request));
    return Answer.sync();
  }
}

function change(name: string, query: QueryMap, request: Request): ProfileChange {
  const ifMatch = request.headers['if-match'];
  return { project: projectOf(query), name, expect: (row) => checkEtag(ifMatch, profileTuple(row)), requestor: requestorOf(request) };
}
