import { Controller, Delete, Get, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { ProfilePatch, ProfilePost, ProfilePut, ProfilesPost } from '#dto';
import { urls } from '#lib/contract';
import type { ProfileChange, Profiles } from '#lib/profile';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { PROFILES } from '../tokens.ts';
import { presentProfile, profileTuple } from './profiles.presenter.ts';

@Controller('1.0/profiles')
export class ProfilesController {
  constructor(@Inject(PROFILES) private readonly profiles: Profiles) {}

  @Get()
  @Access('view')
  async list(@Call() call: Call): Promise<Answer> {
    const project = call.projectOf('profiles');
    const urlOf = ({ name }: { name: string }) => urls.profile(name, project);
    const rows = await this.profiles.list(project);
    if (call.wantsNamesOnly) return Answer.sync(rows.map(urlOf));
    const instances = await this.profiles.allUsers(project);
    const objects = rows.map((row) =>
      presentProfile(
        row,
        instances.filter((instance) => instance.profiles.includes(row.name)),
      ),
    );
    return call.list(objects, urlOf);
  }

  @Post()
  @Access('manage-profiles')
  async create(@Call() call: Call): Promise<Answer> {
    const project = call.projectOf('profiles');
    const profile = call.body(ProfilesPost);
    await this.profiles.create(project, profile, call.requestor);
    return Answer.created(urls.profile(profile.name, project));
  }

  @Get(':name')
  @Access('view')
  async show(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const project = call.projectOf('profiles');
    const row = await this.profiles.get(project, name);
    return Answer.sync(presentProfile(row, await this.profiles.users(project, name)), { etag: profileTuple(row) });
  }

  @Put(':name')
  @Access('manage-profiles')
  async replace(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    await this.profiles.replace(change(call, name), call.body(ProfilePut));
    return Answer.sync();
  }

  @Patch(':name')
  @Access('manage-profiles')
  async merge(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    await this.profiles.merge(change(call, name), call.body(ProfilePatch));
    return Answer.sync();
  }

  @Post(':name')
  @Access('manage-profiles')
  async rename(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const project = call.projectOf('profiles');
    const newName = call.body(ProfilePost).name;
    await this.profiles.rename(project, name, newName, call.requestor);
    return Answer.created(urls.profile(newName, project));
  }

  @Delete(':name')
  @Access('manage-profiles')
  async remove(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    await this.profiles.delete(call.projectOf('profiles'), name, call.requestor);
    return Answer.sync();
  }
}

function change(call: Call, name: string): ProfileChange {
  return { project: call.projectOf('profiles'), name, expect: (row) => call.match(profileTuple(row)), requestor: call.requestor };
}
