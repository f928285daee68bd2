import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Answer } from './answer.ts';
import { addBodyParsers } from './body.ts';
import { errorEnvelope, present } from './envelope.ts';
import { errorAnswer } from './error-answer.ts';

/** Nest's Fastify adapter that knows LXD's envelope: what a controller returns is an `Answer`. */
export class RimAdapter extends FastifyAdapter {
  constructor() {
    super({
      // Uploads of images take as long as they take (API section 2.16).
      requestTimeout: 0,
      connectionTimeout: 0,
      rewriteUrl: (request: { url?: string }) => canonicalUrl(request.url ?? '/'),
      routerOptions: { maxParamLength: 4096 },
      // A URL that cannot be decoded never reaches Nest's filter.
      frameworkErrors: (error: Error, _request: unknown, reply: FastifyReply) => {
        const answer = errorAnswer(error);
        void reply.code(answer.status).send(errorEnvelope(answer.status, answer.text));
      },
      skipMiddie: true,
      multipart: false,
    });
    addBodyParsers(this.getInstance() as unknown as FastifyInstance);
  }

  override reply(response: FastifyReply, body: unknown, statusCode?: number): FastifyReply {
    if (!(body instanceof Answer)) return super.reply(response, body, statusCode) as FastifyReply;
    const { status, payload } = present(body);
    return response.code(status).headers(body.headers).send(payload);
  }
}

/** Older clients speak of containers: the same objects under LXD's first name for them. */
export function canonicalUrl(url: string): string {
  return url.replace(/^\/1\.0\/containers(?=[/?]|$)/, '/1.0/instances');
}
