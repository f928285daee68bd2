import { Controller, Delete, Get, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { MetadataPatchBody, MetadataPutBody } from '#dto';
import { type LifecycleAction, LxError, urls } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { Instances } from '#lib/instance';
import { templateLimit } from '#lib/template';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE, INSTANCES } from '../tokens.ts';

/** /1.0/instances/{name}/metadata, and the templates that it names. */
@Controller('1.0/instances/:name/metadata')
export class MetadataController {
  constructor(
    @Inject(INSTANCES) private readonly instances: Instances,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get()
  @Access('view')
  async show(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const metadata = await this.instances.metadata.files.read(await this.instances.reader.row(call.project, name));
    this.#tell('instance-metadata-retrieved', urls.instanceMetadata(name, call.project), call);
    return Answer.sync(metadata, { etag: metadata });
  }

  @Put()
  @Access('manage-instances')
  async replace(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const wanted = call.body(MetadataPutBody);
    await this.instances.metadata.update(row, (before) => {
      call.match(before);
      return wanted;
    });
    this.#tell('instance-metadata-updated', urls.instanceMetadata(name, call.project), call);
    return Answer.sync();
  }

  @Patch()
  @Access('manage-instances')
  async merge(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const { architecture, creation_date, expiry_date, properties, templates } = call.body(MetadataPatchBody);
    await this.instances.metadata.update(row, (before) => {
      call.match(before);
      return {
        architecture: architecture ?? before.architecture,
        creation_date: creation_date ?? before.creation_date,
        expiry_date: expiry_date ?? before.expiry_date,
        properties: { ...before.properties, ...properties },
        templates: { ...before.templates, ...templates },
      };
    });
    this.#tell('instance-metadata-updated', urls.instanceMetadata(name, call.project), call);
    return Answer.sync();
  }

  /** Without `path` the names, with it the template itself. */
  @Get('templates')
  @Access('view')
  async templates(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const path = call.parameter('path');
    if (!path) return Answer.sync(await this.instances.metadata.files.list(row));
    const content = await this.instances.metadata.files.template(row, path);
    this.#tell('instance-metadata-template-retrieved', urls.instanceTemplates(name, call.project), call);
    return Answer.raw(content, { 'content-type': 'application/octet-stream' });
  }

  @Post('templates')
  @Access('manage-instances')
  async writeTemplate(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const path = pathOf(call);
    await this.instances.metadata.writeTemplate(row, path, await contentOf(call));
    this.#tell('instance-metadata-template-created', urls.instanceTemplates(name, call.project), call);
    return Answer.sync();
  }

  @Delete('templates')
  @Access('manage-instances')
  async deleteTemplate(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    await this.instances.metadata.deleteTemplate(row, pathOf(call));
    this.#tell('instance-metadata-template-deleted', urls.instanceTemplates(name, call.project), call);
    return Answer.sync();
  }

  #tell(action: LifecycleAction, source: string, call: Call): void {
    this.engine.events.lifecycle(call.project, { action, source, requestor: call.requestor });
  }
}

function pathOf(call: Call): string {
  const path = call.parameter('path');
  if (!path) throw new LxError('template.no_path');
  return path;
}

async function contentOf(call: Call): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of call.upload ?? []) {
    length += (chunk as Buffer).length;
    if (length > templateLimit) throw new LxError('request.too_large', { limit: templateLimit });
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
