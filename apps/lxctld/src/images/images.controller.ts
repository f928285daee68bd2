import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import { ImagePatchBody, ImagePutBody, ImagesPostBody } from '#dto';
import { LxError, refuse, zeroTime } from '#lib/contract';
import type { Engine } from '#lib/engine';
import { type ImageChange, type ImageOperations, type LocalImages, rowToText } from '#lib/image';
import type { ImageRow, Store } from '#lib/store';
import { Answer } from '../rim/answer.ts';
import { checkEtag } from '../rim/etag.ts';
import { filterObjects } from '../rim/filter.ts';
import { parseBody } from '../rim/parse-body.ts';
import { parameter, projectOf, recursionOf } from '../rim/query.ts';
import type { Query as QueryMap, Request } from '../rim/request.ts';
import { requestorOf } from '../rim/requestor.ts';
import { ENGINE, IMAGE_OPERATIONS, IMAGES, STORE } from '../tokens.ts';
import { exportAnswer } from './export.ts';
import { imageTuple, imageUrl, presentImage } from './images.presenter.ts';
import { uploadParts, uploadRequest } from './upload.ts';

/** /1.0/images and /1.0/images/{fingerprint}; a unique prefix of the fingerprint will do. */
@Controller('1.0/images')
export class ImagesController {
  constructor(
    @Inject(IMAGES) private readonly images: LocalImages,
    @Inject(IMAGE_OPERATIONS) private readonly operations: ImageOperations,
    @Inject(STORE) private readonly store: Store,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get()
  async list(@Query() query: QueryMap): Promise<Answer> {
    const project = projectOf(query);
    const [rows, aliases] = await Promise.all([this.images.list(project), this.images.aliases.list(project)]);
    const views = filterObjects(
      rows.map((row) => presentImage(row, aliases)),
      parameter(query, 'filter'),
    );
    return Answer.sync(recursionOf(query) === 0 ? views.map((view) => imageUrl(view.fingerprint)) : views);
  }

  @Post()
  async create(@Req() request: Request, @Query() query: QueryMap, @Body() body: unknown): Promise<Answer> {
    const project = projectOf(query);
    const contentType = request.headers['content-type'] ?? '';
    if (body !== undefined) return this.#createFrom(parseBody(ImagesPostBody, body), project, request);
    const wanted = uploadRequest(project, request.headers);
    await this.#refuseUnknownProfiles(project, wanted.profiles);
    const { upload, row } = await this.images.receive(wanted, uploadParts(contentType, request.raw));
    const params = { project, source: 'upload', upload, row: rowToText(row), aliases: wanted.aliases } as const;
    return Answer.operation(await this.engine.start(this.operations.create, params, { project, requestor: requestorOf(request) }));
  }

  async #createFrom({ source, aliases }: ImagesPostBody, project: string, request: Request): Promise<Answer> {
    if (source.type !== 'recipe')
      throw new LxError('request.unsupported', {
        what: `images from the source ${JSON.stringify(source.type)}; upload a file, or use the source "recipe"`,
      });
    if (aliases && aliases.length > 0) throw new LxError('request.unsupported', { what: 'aliases for a built image; it brings its own' });
    refuse(source.name === '' ? ['No recipe name provided'] : []);
    const params = { project, source: 'recipe', recipe: source.name } as const;
    return Answer.operation(
      await this.engine.start(
        this.operations.create,
        { ...params, aliases: [] },
        { project, mayCancel: true, requestor: requestorOf(request) },
      ),
    );
  }

  @Get(':fingerprint')
  async show(@Param('fingerprint') fingerprint: string, @Query() query: QueryMap): Promise<Answer> {
    const project = projectOf(query);
    const row = await this.images.resolve(project, { fingerprint });
    return Answer.sync(presentImage(row, await this.images.aliases.list(project)), { etag: imageTuple(row) });
  }

  @Put(':fingerprint')
  async replace(
    @Req() request: Request,
    @Param('fingerprint') fingerprint: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Query() query: QueryMap,
    @Body() body: unknown,
  ): Promise<Answer> {
    const row = await this.#changeable(projectOf(query), fingerprint, ifMatch);
    const change = parseBody(ImagePutBody, body);
    if (change.properties) change.properties = withoutEmpty(change.properties);
    return this.#update(row, change, request);
  }

  @Patch(':fingerprint')
  async merge(
    @Req() request: Request,
    @Param('fingerprint') fingerprint: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Query() query: QueryMap,
    @Body() body: unknown,
  ): Promise<Answer> {
    const row = await this.#changeable(projectOf(query), fingerprint, ifMatch);
    const change = parseBody(ImagePatchBody, body);
    if (change.properties) change.properties = withoutEmpty({ ...row.properties, ...change.properties });
    return this.#update(row, change, request);
  }

  @Delete(':fingerprint')
  async remove(@Req() request: Request, @Param('fingerprint') fingerprint: string, @Query() query: QueryMap): Promise<Answer> {
    const project = projectOf(query);
    const row = await this.images.resolve(project, { fingerprint });
    const params = { project, fingerprint: row.fingerprint };
    const resources = { images: [imageUrl(row.fingerprint)] };
    return Answer.operation(
      await this.engine.start(this.operations.delete, params, { project, resources, requestor: requestorOf(request) }),
    );
  }

  @Get(':fingerprint/export')
  async export(@Req() request: Request, @Param('fingerprint') fingerprint: string, @Query() query: QueryMap): Promise<Answer> {
    const row = await this.images.resolve(projectOf(query), { fingerprint });
    const answer = await exportAnswer(this.images, row);
    this.#tell('image-retrieved', row, request);
    return answer;
  }

  async #changeable(project: string, fingerprint: string, ifMatch: string | undefined): Promise<ImageRow> {
    const row = await this.images.resolve(project, { fingerprint });
    checkEtag(ifMatch, imageTuple(row));
    return row;
  }

  async #update(row: ImageRow, body: ImagePatchBody, request: Request): Promise<Answer> {
    const change: ImageChange = {};
    if (body.auto_update !== undefined) change.autoUpdate = body.auto_update;
    if (body.public !== undefined) change.public = body.public;
    if (body.properties !== undefined) change.properties = body.properties;
    if (body.expires_at !== undefined) change.expiresAt = expiry(body.expires_at);
    if (body.profiles !== undefined) {
      await this.#refuseUnknownProfiles(row.project, body.profiles);
      change.profiles = body.profiles;
    }
    await this.images.update(row.project, row.fingerprint, change);
    this.#tell('image-updated', row, request);
    return Answer.sync();
  }

  async #refuseUnknownProfiles(project: string, names: readonly string[]): Promise<void> {
    const known = new Set((await this.store.profiles.many(project, names)).map((profile) => profile.name));
    refuse(names.filter((name) => !known.has(name) && name !== 'default').map((name) => `Profile ${JSON.stringify(name)} doesn't exist`));
  }

  #tell(action: 'image-updated' | 'image-retrieved', row: ImageRow, request: Request): void {
    this.engine.events.lifecycle(row.project, { action, source: imageUrl(row.fingerprint), requestor: requestorOf(request) });
  }
}

function expiry(text: string): Date | null {
  if (text === '' || text === zeroTime) return null;
  const at = new Date(text);
  refuse(Number.isNaN(at.getTime()) ? [`expires_at must be a time such as 2030-01-01T00:00:00Z, not ${JSON.stringify(text)}`] : []);
  return at;
}

function withoutEmpty(properties: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== ''));
}
