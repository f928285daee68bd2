import 'reflect-metadata';
import type { DynamicModule, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { RimAdapter } from './adapter.ts';
import { ErrorFilter } from './error.filter.ts';
import { KnownPaths } from './known-paths.ts';
import { refuseOtherMembers } from './query.ts';
import type { Query } from './request.ts';

/**
 * The HTTP application over a module's controllers: bodies, envelopes and errors as LXD has them. It listens nowhere yet;
 * specs call `app.inject(...)`, main.ts hands it to the daemon's own sockets.
 */
export async function buildRim(module: Type | DynamicModule, log: LoggerService): Promise<NestFastifyApplication> {
  const adapter = new RimAdapter();
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  const paths = new KnownPaths(fastify);
  fastify.addHook('onRequest', async (request) => refuseOtherMembers(request.query as Query));
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, { bodyParser: false, logger: log, abortOnError: false });
  app.useGlobalFilters(new ErrorFilter(paths, log));
  await app.init();
  await fastify.ready();
  return app;
}
