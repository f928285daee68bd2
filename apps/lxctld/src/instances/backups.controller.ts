import { Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common';
import { BackupPostBody, BackupsPostBody } from '#dto';
import { urls } from '#lib/contract';
import type { Engine } from '#lib/engine';
import { extensions } from '#lib/archive';
import { backupView, type Instances } from '#lib/instance';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { ENGINE, INSTANCES } from '../tokens.ts';

/** /1.0/instances/{name}/backups. */
@Controller('1.0/instances/:name/backups')
export class BackupsController {
  constructor(
    @Inject(INSTANCES) private readonly instances: Instances,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get()
  @Access('view')
  async list(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const urlOf = call.saysContainers ? urls.containerBackup : urls.instanceBackup;
    return call.list(await this.instances.reader.backupViews(row), (backup) => urlOf(row.name, backup.name, row.project));
  }

  @Post()
  @Access('manage-instances')
  async create(@Call() call: Call, @Param('name') name: string): Promise<Answer> {
    const row = await this.instances.reader.row(call.project, name);
    const wanted = call.body(BackupsPostBody);
    const request = {
      name: wanted.name,
      expiresAt: wanted.expires_at ?? null,
      alone: wanted.instance_only || wanted.container_only,
      optimized: wanted.optimized_storage,
      compression: wanted.compression_algorithm,
    };
    return Answer.operation(await this.instances.verbs.backup.begin(row, request, call.requestor));
  }

  @Get(':backup')
  @Access('view')
  async show(@Call() call: Call, @Param('name') name: string, @Param('backup') backup: string): Promise<Answer> {
    return Answer.sync(backupView((await this.#found(call, name, backup)).row));
  }

  @Post(':backup')
  @Access('manage-instances')
  async rename(@Call() call: Call, @Param('name') name: string, @Param('backup') backup: string): Promise<Answer> {
    const { instance, row } = await this.#found(call, name, backup);
    const { name: newName } = call.body(BackupPostBody);
    return Answer.operation(await this.instances.verbs.backupRename.begin(instance, row, newName, call.requestor));
  }

  @Delete(':backup')
  @Access('manage-instances')
  async remove(@Call() call: Call, @Param('name') name: string, @Param('backup') backup: string): Promise<Answer> {
    const { instance, row } = await this.#found(call, name, backup);
    return Answer.operation(await this.instances.verbs.backupDelete.begin(instance, row, call.requestor));
  }

  /** All that an instance holds, secrets too. */
  @Get(':backup/export')
  @Access('manage-instances')
  async export(@Call() call: Call, @Param('name') name: string, @Param('backup') backup: string): Promise<Answer> {
    const { instance, row } = await this.#found(call, name, backup);
    const { size, format, content } = await this.instances.backupFiles.read({ id: instance.id, backupId: row.id });
    this.engine.events.lifecycle(instance.project, {
      action: 'instance-backup-retrieved',
      source: urls.instanceBackup(instance.name, row.name, instance.project),
      requestor: call.requestor,
    });
    return Answer.raw(content, {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename=${instance.name}${extensions[format]}`,
      'content-length': String(size),
    });
  }

  async #found(call: Call, name: string, backup: string) {
    const instance = await this.instances.reader.row(call.project, name);
    return { instance, row: await this.instances.reader.backupRow(instance, backup) };
  }
}
