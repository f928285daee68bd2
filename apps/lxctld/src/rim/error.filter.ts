import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, type LoggerService } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { LxError } from '#lib/contract';
import { errorEnvelope } from './envelope.ts';
import { errorAnswer } from './error-answer.ts';
import { missingFeature } from './missing-features.ts';
import type { Routes } from './routes.ts';
import type { Request } from './request.ts';

/** Converts every error to an answer. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  readonly #routes: Routes;
  readonly #log: LoggerService;

  constructor(routes: Routes, log: LoggerService) {
    this.#routes = routes;
    this.#log = log;
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    // The client disconnected while it was sending the body, so there is nobody to answer.
    if (thrown !== null && request.raw.errored === thrown) {
      reply.raw.destroy();
      return;
    }
    const error = this.#withoutRoute(thrown) ? this.#missing(request) : thrown;
    const answer = errorAnswer(error);
    if (answer.unexpected) this.#log.error({ message: `${request.method} ${request.url} failed`, error });
    // The stream of a raw answer failed after its headers were sent. The connection is closed to show that it is incomplete.
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    void reply.code(answer.status).send(errorEnvelope(answer.status, answer.text));
  }

  #withoutRoute(thrown: unknown): boolean {
    return thrown instanceof HttpException && thrown.getStatus() === 404;
  }

  #missing({ method, url }: Request): LxError {
    return missingFeature(method, url) ?? new LxError(this.#routes.has(url) ? 'method.not_implemented' : 'path.not_found');
  }
}
