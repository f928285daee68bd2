import { Controller, Delete, Get, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { AliasesPostBody, AliasPatchBody, AliasPostBody, AliasPutBody } from '#dto';
import { type LifecycleAction, refuse, urls } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { LocalImages } from '#lib/image';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE, IMAGES } from '../tokens.ts';
import { presentAlias } from './images.presenter.ts';

/** /1.0/images/aliases and /1.0/images/aliases/{name}; names may hold slashes, encoded or not. */
@Controller('1.0/images/aliases')
export class AliasesController {
  constructor(
    @Inject(IMAGES) private readonly images: LocalImages,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get()
  @Access('view')
  async list(@Call() call: Call): Promise<Answer> {
    const project = call.projectOf('images');
    const rows = await this.images.aliases.list(project);
    return call.list(rows.map(presentAlias), ({ name }) => urls.imageAlias(name, project));
  }

  @Post()
  @Access('manage-images')
  async create(@Call() call: Call): Promise<Answer> {
    const project = call.projectOf('images');
    const { name, description, target, type } = call.body(AliasesPostBody);
    refuse(type !== '' && type !== 'container' ? [`Invalid image type ${JSON.stringify(type)}: only containers`] : []);
    await this.images.aliases.create(project, name, { description, target });
    this.#tell('image-alias-created', project, name, call, { target });
    return Answer.created(urls.imageAlias(name, project));
  }

  @Get('*')
  @Access('view')
  async show(@Call() call: Call, @Param('*') name: string): Promise<Answer> {
    const entry = presentAlias(await this.images.aliases.get(call.projectOf('images'), name));
    return Answer.sync(entry, { etag: entry });
  }

  @Put('*')
  @Access('manage-images')
  async replace(@Call() call: Call, @Param('*') name: string): Promise<Answer> {
    const { description, target } = call.body(AliasPutBody);
    refuse(target === '' ? ['The target field is required'] : []);
    return this.#update(call, name, { description, target });
  }

  @Patch('*')
  @Access('manage-images')
  async merge(@Call() call: Call, @Param('*') name: string): Promise<Answer> {
    return this.#update(call, name, call.body(AliasPatchBody));
  }

  async #update(call: Call, name: string, change: AliasPatchBody): Promise<Answer> {
    const project = call.projectOf('images');
    call.match(presentAlias(await this.images.aliases.get(project, name)));
    await this.images.aliases.update(project, name, change);
    this.#tell('image-alias-updated', project, name, call);
    return Answer.sync();
  }

  @Post('*')
  @Access('manage-images')
  async rename(@Call() call: Call, @Param('*') name: string): Promise<Answer> {
    const project = call.projectOf('images');
    const newName = call.body(AliasPostBody).name;
    await this.images.aliases.rename(project, name, newName);
    this.#tell('image-alias-renamed', project, newName, call, { old_name: name });
    return Answer.created(urls.imageAlias(newName, project));
  }

  @Delete('*')
  @Access('manage-images')
  async remove(@Call() call: Call, @Param('*') name: string): Promise<Answer> {
    const project = call.projectOf('images');
    await this.images.aliases.delete(project, name);
    this.#tell('image-alias-deleted', project, name, call);
    return Answer.sync();
  }

  #tell(action: LifecycleAction, project: string, name: string, call: Call, context?: Record<string, unknown>): void {
    this.engine.events.lifecycle(project, {
      action,
      source: urls.imageAlias(name, project),
      ...(context && { context }),
      requestor: call.requestor,
    });
  }
}
