import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, type LoggerService } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { LxError } from '#lib/contract';
import { errorEnvelope } from './envelope.ts';
import { errorAnswer } from './error-answer.ts';
import { missingFeature } from './missing-features.ts';
import type { Routes } from './routes.ts';
import type { Request } from './request.ts';

/** The one place where errors become answers. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly routes: Routes,
    private readonly log: LoggerService,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    // The client broke off in the middle of its body: nobody is left to answer, and it is no failure of ours.
    if (thrown !== null && request.raw.errored === thrown) {
      reply.raw.destroy();
      return;
    }
    const error = this.#withoutRoute(thrown) ? this.#missing(request) : thrown;
    const answer = errorAnswer(error);
    if (answer.unexpected) this.log.error({ message: `${request.method} ${request.url} failed`, error });
    // The answer is on its way already: the stream of a raw answer failed half way. All that can be done is to cut it.
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
    return missingFeature(method, url) ?? new LxError(this.routes.has(url) ? 'method.not_implemented' : 'path.not_found');
  }
}
