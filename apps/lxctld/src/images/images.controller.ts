import { Controller, Delete, Get, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { ImagePatchBody, ImagePutBody, ImagesPostBody } from '#dto';
import type { StringMap } from '#lib/base';
import { LxError, refuse, urls } from '#lib/contract';
import type { Engine } from '#lib/engine';
import { beginImage, type ImageChange, type ImageOperations, type LocalImages } from '#lib/image';
import type { ImageRow, Store } from '#lib/store';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE, IMAGE_OPERATIONS, IMAGES, STORE } from '../tokens.ts';
import { exportAnswer } from './export.ts';
import { imageTuple, presentImage } from './images.presenter.ts';
import { expiry, wantedImage } from './wanted.ts';
import { uploadParts, uploadRequest } from './upload.ts';

/** /1.0/images and /1.0/images/{fingerprint}; a unique prefix of the fingerprint will do. */
@Controller('1.0/images')
export class ImagesController {
  constructor(
    @Inject(IMAGES) readonly images: LocalImages,
    @Inject(IMAGE_OPERATIONS) readonly operations: ImageOperations,
    @Inject(STORE) private readonly store: Store,
    @Inject(ENGINE) readonly engine: Engine,
  ) {}

  @Get()
  @Access('view')
  async list(@Call() call: Call): Promise<Answer> {
    const project = call.projectOf('images');
    const [rows, aliases] = await Promise.all([this.images.list(project), this.images.aliases.list(project)]);
    return call.list(
      rows.map((row) => presentImage(row, aliases)),
      ({ fingerprint }) => urls.image(fingerprint, project),
    );
  }

  @Post()
  @Access('manage-images')
  async create(@Call() call: Call): Promise<Answer> {
    const project = call.projectOf('images');
    if (!call.upload) return this.#createFrom(call.body(ImagesPostBody), project, call);
    const wanted = uploadRequest(project, call.headers);
    await this.#refuseUnknownProfiles(project, wanted.profiles);
    const reference = await this.images.sources.upload.receive(wanted, uploadParts(call.header('content-type'), call.upload));
    const params = { project, source: 'upload', reference };
    return Answer.operation(await this.engine.start(this.operations.create, params, { project, requestor: call.requestor }));
  }

  async #createFrom(body: ImagesPostBody, project: string, call: Call): Promise<Answer> {
    const wanted = wantedImage(body);
    await this.#refuseUnknownProfiles(project, wanted.profiles);
    const order = await this.images.order(project, body.source, wanted);
    return Answer.operation(await beginImage(this, project, order, call.requestor));
  }

  @Get(':fingerprint')
  @Access('view')
  async show(@Call() call: Call, @Param('fingerprint') fingerprint: string): Promise<Answer> {
    const project = call.projectOf('images');
    const row = await this.images.resolve(project, { fingerprint });
    return Answer.sync(presentImage(row, await this.images.aliases.list(project)), { etag: imageTuple(row) });
  }

  @Put(':fingerprint')
  @Access('manage-images')
  async replace(@Call() call: Call, @Param('fingerprint') fingerprint: string): Promise<Answer> {
    return this.#update(fingerprint, call.body(ImagePutBody), call, {});
  }

  @Patch(':fingerprint')
  @Access('manage-images')
  async merge(@Call() call: Call, @Param('fingerprint') fingerprint: string): Promise<Answer> {
    return this.#update(fingerprint, call.body(ImagePatchBody), call);
  }

  @Delete(':fingerprint')
  @Access('manage-images')
  async remove(@Call() call: Call, @Param('fingerprint') fingerprint: string): Promise<Answer> {
    const project = call.projectOf('images');
    const row = await this.images.resolve(project, { fingerprint });
    const params = { project, fingerprint: row.fingerprint };
    const resources = { images: [urls.image(row.fingerprint, project)] };
    return Answer.operation(await this.engine.start(this.operations.delete, params, { project, resources, requestor: call.requestor }));
  }

  @Post(':fingerprint/refresh')
  @Access('manage-images')
  async refresh(@Call() call: Call, @Param('fingerprint') fingerprint: string): Promise<Answer> {
    const { project, ...row } = await this.images.resolve(call.projectOf('images'), { fingerprint });
    if (row.origin === null) throw new LxError('image.no_origin');
    const params = { project, fingerprint: row.fingerprint };
    const resources = { images: [urls.image(row.fingerprint, project)] };
    return Answer.operation(
      await this.engine.start(this.operations.refresh, params, { project, resources, requestor: call.requestor, mayCancel: true }),
    );
  }

  @Get(':fingerprint/export')
  @Access('view')
  async export(@Call() call: Call, @Param('fingerprint') fingerprint: string): Promise<Answer> {
    const row = await this.images.resolve(call.projectOf('images'), { fingerprint });
    const answer = await exportAnswer(this.images, row);
    this.#tell('image-retrieved', row, call);
    return answer;
  }

  /** `properties`: what those of the body are laid over; the image's own when it is absent. */
  async #update(fingerprint: string, body: ImagePatchBody, call: Call, properties?: StringMap): Promise<Answer> {
    const found = await this.images.resolve(call.projectOf('images'), { fingerprint });
    const change: ImageChange = {};
    if (body.auto_update !== undefined) change.autoUpdate = body.auto_update;
    if (body.public !== undefined) change.public = body.public;
    if (body.expires_at !== undefined) change.expiresAt = expiry(body.expires_at);
    if (body.profiles !== undefined) {
      await this.#refuseUnknownProfiles(found.project, body.profiles);
      change.profiles = body.profiles;
    }
    await this.images.update(found.project, found.fingerprint, (row) => {
      call.match(imageTuple(row));
      return body.properties ? { ...change, properties: withoutEmpty({ ...(properties ?? row.properties), ...body.properties }) } : change;
    });
    this.#tell('image-updated', found, call);
    return Answer.sync();
  }

  async #refuseUnknownProfiles(project: string, names: readonly string[]): Promise<void> {
    const known = new Set((await this.store.profiles.many(project, names)).map((profile) => profile.name));
    refuse(names.filter((name) => !known.has(name) && name !== 'default').map((name) => `Profile '${name}' doesn't exist`));
  }

  #tell(action: 'image-updated' | 'image-retrieved', row: ImageRow, call: Call): void {
    this.engine.events.lifecycle(row.project, { action, source: urls.image(row.fingerprint, row.project), requestor: call.requestor });
  }
}

function withoutEmpty(properties: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== ''));
}
