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

/** The HTTP application of a module, and its routes. */
export interface Rim {
  app: NestFastifyApplication;
  routes: Routes;
}

/**
 * Builds the application: parsing of bodies, LXD's envelopes and errors, access checks. It does not listen; the daemon
 * passes it the requests of its own sockets, whose callers `introduce` has set.
 */
export async function buildRim(module: Type | DynamicModule, log: LoggerService, projects: Projects = onlyDefault): Promise<Rim> {
  const adapter = new RimAdapter();
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  const routes = new Routes(fastify);
  // Runs before the body is read, so that refused clients cannot make the daemon parse anything.
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
  // Paths without a route are answered 404 to everybody.
  if (access) requireAccess(access, caller, project);
  refuseUnstorable(request.params, 'path');
  refuseUnstorable(query, 'query');
  const scope = await projects.scope(project);
  request.call = new RequestCall({ caller, url: request.originalUrl, query, headers: request.headers, scope }, request);
}
