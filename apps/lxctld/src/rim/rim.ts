import 'reflect-metadata';
import type { DynamicModule, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { onlyDefault, type Projects } from '#lib/contract';
import { type AccessRight, requireAccess } from './access.ts';
import { RimAdapter } from './adapter.ts';
import { projectName, refuseOtherMembers, RequestCall } from './call.ts';
import { callerOf } from './caller.ts';
import { ErrorFilter } from './error.filter.ts';
import type { Query } from './request.ts';
import { Routes } from './routes.ts';
import { refuseUnstorable } from './text.ts';

/** The HTTP application over a module's controllers, and the list of its routes. */
export interface Rim {
  app: NestFastifyApplication;
  routes: Routes;
}

/**
 * Bodies, envelopes, access and errors as LXD has them. The application listens nowhere: the daemon hands it the requests
 * of its own sockets, on which `introduce` has said who is at the other end.
 */
export async function buildRim(module: Type | DynamicModule, log: LoggerService, projects: Projects = onlyDefault): Promise<Rim> {
  const adapter = new RimAdapter();
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  const routes = new Routes(fastify);
  // Before the body is read: whoever may not ask is not listened to.
  fastify.addHook('onRequest', (request) => receive(request, projects));
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, { bodyParser: false, logger: log, abortOnError: false });
  app.useGlobalFilters(new ErrorFilter(routes, log));
  await app.init();
  await fastify.ready();
  return { app, routes };
}

async function receive(request: FastifyRequest, projects: Projects): Promise<void> {
  const query = request.query as Query;
  refuseOtherMembers(query);
  const caller = callerOf(request.raw.socket);
  const project = projectName(query);
  const access = request.routeOptions.config.access as AccessRight | undefined;
  // What has no route is refused as such, whoever asks.
  if (access) requireAccess(access, caller, project);
  refuseUnstorable(request.params, 'path');
  refuseUnstorable(query, 'query');
  const scope = await projects.scope(project);
  request.call = new RequestCall({ caller, url: request.originalUrl, query, headers: request.headers, scope }, request);
}
