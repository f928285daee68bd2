import { Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common';
import { keyOf, LxError, projectFeatures, urls, type WireProjectState } from '#lib/contract';
import { Expansion } from '#lib/profile';
import type { Store } from '#lib/store';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { STORE } from '../tokens.ts';

/** This version has only the project `default`, which cannot be changed. */
@Controller('1.0/projects')
export class ProjectsController {
  constructor(@Inject(STORE) private readonly store: Store) {}

  @Get()
  @Access('trusted')
  async list(@Call() call: Call): Promise<Answer> {
    return call.list([await this.#default()], ({ name }) => urls.project(name));
  }

  @Get(':name')
  @Access('trusted')
  async show(@Param('name') name: string): Promise<Answer> {
    if (name !== 'default') throw new LxError('project.not_found');
    const project = await this.#default();
    return Answer.sync(project, { etag: [project.description, project.config] });
  }

  /** As LXD counts: the sum of the limits that are given as amounts, whether the instances run or not. */
  @Get(':name/state')
  @Access('trusted')
  async state(@Param('name') name: string): Promise<Answer> {
    if (name !== 'default') throw new LxError('project.not_found');
    const [rows, networks] = await Promise.all([this.store.instances.list('default'), this.store.networks.list('default')]);
    const configs = (await new Expansion(this.store).ofAll(rows)).map(({ expanded }) => expanded.config);
    const sum = (key: 'limits.cpu' | 'limits.memory' | 'limits.processes') =>
      configs.map((config) => keyOf(config, key)).reduce<number>((total, limit) => total + (typeof limit === 'number' ? limit : 0), 0);
    const used = (Usage: number) => ({ Limit: -1, Usage });
    return Answer.sync({
      resources: {
        containers: used(rows.length),
        cpu: used(sum('limits.cpu')),
        disk: used(0),
        instances: used(rows.length),
        memory: used(sum('limits.memory')),
        networks: used(networks.length),
        processes: used(sum('limits.processes')),
        'virtual-machines': used(0),
      },
    } satisfies WireProjectState);
  }

  /** Only the project `default` exists, and LXD refuses to delete or rename it too. */
  @Delete(':name')
  @Access('admin')
  remove(@Param('name') name: string): never {
    throw new LxError(name === 'default' ? 'project.default_delete' : 'project.not_found');
  }

  @Post(':name')
  @Access('admin')
  rename(@Param('name') name: string): never {
    throw new LxError(name === 'default' ? 'project.default_rename' : 'project.not_found');
  }

  async #default() {
    return {
      name: 'default',
      description: 'Default project',
      config: Object.fromEntries(projectFeatures.map((feature) => [`features.${feature}`, 'true'])),
      used_by: await this.#usedBy(),
    };
  }

  async #usedBy(): Promise<string[]> {
    const { instances, images, networks, profiles } = this.store;
    const lists = await Promise.all([
      instances.list('default'),
      images.list('default'),
      networks.list('default'),
      profiles.list('default'),
    ]);
    const [inUse, cached, bridges, defaults] = lists;
    return [
      ...inUse.map(({ name }) => urls.instance(name, 'default')),
      ...cached.map(({ fingerprint }) => urls.image(fingerprint, 'default')),
      ...bridges.map(({ name }) => urls.network(name, 'default')),
      ...defaults.map(({ name }) => urls.profile(name, 'default')),
    ];
  }
}
