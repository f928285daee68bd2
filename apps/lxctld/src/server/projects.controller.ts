import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { LxError } from '#lib/contract';
import type { Store } from '#lib/store';
import { Answer } from '../rim/answer.ts';
import { recursionOf } from '../rim/query.ts';
import type { Query as QueryMap } from '../rim/request.ts';
import { STORE } from '../tokens.ts';

const features = ['images', 'networks', 'networks.zones', 'profiles', 'storage.volumes', 'storage.buckets'];

/** This version has one project, `default`, which holds everything and cannot be changed. */
@Controller('1.0/projects')
export class ProjectsController {
  constructor(@Inject(STORE) private readonly store: Store) {}

  @Get()
  async list(@Query() query: QueryMap): Promise<Answer> {
    return Answer.sync(recursionOf(query) === 0 ? ['/1.0/projects/default'] : [await this.#default()]);
  }

  @Get(':name')
  async show(@Param('name') name: string): Promise<Answer> {
    if (name !== 'default') throw new LxError('project.not_found');
    const project = await this.#default();
    return Answer.sync(project, { etag: [project.description, project.config] });
  }

  async #default() {
    return {
      name: 'default',
      description: 'Default project',
      config: Object.fromEntries(features.map((feature) => [`features.${feature}`, 'true'])),
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
      ...inUse.map(({ name }) => `/1.0/instances/${name}`),
      ...cached.map(({ fingerprint }) => `/1.0/images/${fingerprint}`),
      ...bridges.map(({ name }) => `/1.0/networks/${name}`),
      ...defaults.map(({ name }) => `/1.0/profiles/${name}`),
    ];
  }
}
