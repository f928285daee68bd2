import { Controller, Delete, Get, Head, Inject, Param, Post } from '@nestjs/common';
import { type LifecycleAction, LxError, urls } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { FoundFile, Instances } from '#lib/instance';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE, INSTANCES } from '../tokens.ts';
import { fileHeaders, filePost } from './file-headers.ts';

/** The longest path that the kernel takes (PATH_MAX of limits.h), so the longest that a link can have. */
const longestPath = 4096;

/** /1.0/instances/{name}/files: GET, HEAD, POST, DELETE of `path`. */
@Controller('1.0/instances/:name/files')
export class FilesController {
  constructor(
    @Inject(INSTANCES) private readonly instances: Instances,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  /** Before GET, which would be asked in its place. */
  @Head()
  @Access('operate-instances')
  async head(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const owner = await this.instances.files.owner(call.project, name);
    const facts = await this.instances.files.facts(owner, pathOf(call));
    return Answer.raw('', { 'content-type': 'application/json', ...fileHeaders(facts) });
  }

  @Get()
  @Access('operate-instances')
  async read(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const owner = await this.instances.files.owner(call.project, name);
    const path = pathOf(call);
    const found = await this.instances.files.look(owner, path);
    this.#tell('instance-file-retrieved', name, path, call);
    return answerOf(found, path);
  }

  @Post()
  @Access('operate-instances')
  async write(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const owner = await this.instances.files.owner(call.project, name);
    const path = pathOf(call);
    const { type, ...how } = filePost(call.headers);
    const body = call.upload;
    if (type === 'directory') await this.instances.files.makeDirectory(owner, path, how);
    else if (type === 'symlink') await this.instances.files.makeLink(owner, path, await targetOf(body), how);
    else await this.instances.files.write(owner, path, how, body ?? nothing());
    this.#tell('instance-file-pushed', name, path, call);
    return Answer.sync();
  }

  @Delete()
  @Access('operate-instances')
  async remove(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const owner = await this.instances.files.owner(call.project, name);
    const path = pathOf(call);
    await this.instances.files.remove(owner, path);
    this.#tell('instance-file-deleted', name, path, call);
    return Answer.sync();
  }

  #tell(action: LifecycleAction, name: string, path: string, call: Call): void {
    const source = urls.instance(name, call.project);
    this.engine.events.lifecycle(call.project, { action, source, context: { path }, requestor: call.requestor });
  }
}

/** From the instance's root, whatever it begins with. */
function pathOf(call: Call): string {
  const path = call.parameter('path');
  if (path === '') throw new LxError('file.no_path');
  return path.startsWith('/') ? path : `/${path}`;
}

function answerOf(found: FoundFile, path: string): Answer {
  const headers = fileHeaders(found.facts);
  if ('names' in found) return Answer.sync(found.names, { headers });
  const name = path.slice(path.lastIndexOf('/') + 1);
  const about = {
    ...headers,
    'content-type': 'application/octet-stream',
    'content-disposition': `inline;filename=${encodeURI(name)}`,
    'last-modified': found.facts.modified.toUTCString(),
  };
  if ('target' in found) return Answer.raw(found.target, about);
  return Answer.raw(found.content, found.length === null ? about : { ...about, 'content-length': String(found.length) });
}

async function targetOf(body: AsyncIterable<Buffer> | null): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body ?? nothing()) {
    length += chunk.length;
    if (length > longestPath) throw new LxError('request.too_large', { limit: longestPath });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* nothing(): AsyncGenerator<Buffer> {}
