import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Query, Req } from '@nestjs/common';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Operation } from '#lib/engine';
import { LxError } from '#lib/contract';
import { Answer } from './answer.ts';
import { checkEtag } from './etag.ts';
import { parseBody } from './parse-body.ts';
import { projectOf } from './query.ts';
import type { Query as QueryMap, Request } from './request.ts';
import { buildRim } from './rim.ts';
import { requestorOf } from './requestor.ts';

class ThingPost {
  @IsString() name!: string;
  @IsOptional() @IsString() description: string = 'none';
  @IsOptional() @IsBoolean() start: boolean = false;
}

@Controller('1.0/things')
class ThingsController {
  constructor(@Inject('THINGS') private readonly things: string[]) {}

  @Get()
  list(@Query() query: QueryMap): Answer {
    projectOf(query);
    return Answer.sync(this.things);
  }

  @Post()
  create(@Body() body: unknown): Answer {
    const request = parseBody(ThingPost, body);
    if (request.start) return Answer.operation({ view: () => ({ id: 'op1', class: 'task' }) } as unknown as Operation);
    return request.name === 'echo' ? Answer.sync(request) : Answer.created(`/1.0/things/${request.name}`);
  }

  @Get(':name')
  show(@Param('name') name: string, @Req() request: Request): Answer {
    if (name === 'broken') throw new Error('the password is 1234');
    if (name === 'missing') throw new LxError('instance.not_found');
    return Answer.sync({ name, who: requestorOf(request).username }, { etag: [name] });
  }

  @Put(':name')
  update(@Param('name') name: string, @Req() request: Request): Answer {
    checkEtag(request.headers['if-match'], [name]);
    return Answer.sync();
  }

  @Delete(':name')
  remove(): Answer {
    return Answer.sync();
  }

  @Post(':name/upload')
  async upload(@Req() request: Request): Promise<Answer> {
    let size = 0;
    for await (const chunk of request.raw) size += (chunk as Buffer).length;
    return Answer.sync({ size, body: request.body ?? null });
  }

  @Get(':name/log')
  log(): Answer {
    return Answer.raw(Buffer.from('line\n'), { 'content-type': 'text/plain' });
  }
}

@Controller('1.0/instances')
class InstancesController {
  @Get()
  list(): Answer {
    return Answer.sync(['instances']);
  }
}

const logged: unknown[] = [];
const log = { log() {}, error: (entry: unknown) => logged.push(entry), warn() {} };
let app: NestFastifyApplication;

beforeAll(async () => {
  app = await buildRim(
    { module: class Things {}, controllers: [ThingsController, InstancesController], providers: [{ provide: 'THINGS', useValue: [] }] },
    log,
  );
});
afterAll(() => app.close());

const post = (payload: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  app.inject({ method: 'POST', url: '/1.0/things', payload, headers });

describe('envelopes', () => {
  it('has all seven keys and an empty list as []', async () => {
    const answer = await app.inject('/1.0/things?');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      type: 'sync',
      status: 'Success',
      status_code: 200,
      operation: '',
      error_code: 0,
      error: '',
      metadata: [],
    });
  });

  it('answers a creation with 201 and the place', async () => {
    const answer = await post('{"name":"x"}');
    expect(answer.statusCode).toBe(201);
    expect(answer.headers.location).toBe('/1.0/things/x');
    expect(answer.json().metadata).toEqual({});
  });

  it('answers an operation with 202', async () => {
    const answer = await post('{"name":"x","start":true}');
    expect(answer.statusCode).toBe(202);
    expect(answer.headers.location).toBe('/1.0/operations/op1');
    expect(answer.json()).toMatchObject({ type: 'async', status: 'Operation created', status_code: 100, operation: '/1.0/operations/op1' });
  });

  it('sends raw answers as they are', async () => {
    const answer = await app.inject('/1.0/things/a/log');
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(answer.body).toBe('line\n');
  });
});

describe('errors', () => {
  it.each([
    ['GET', '/1.0/nowhere', 404, 'not found'],
    ['PATCH', '/1.0/things', 501, 'not implemented'],
    ['GET', '/1.0/things/missing', 404, 'Instance not found'],
    ['GET', '/1.0/things?project=other', 404, 'Project not found'],
  ] as const)('%s %s is %i', async (method, url, status, text) => {
    const answer = await app.inject({ method, url });
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toEqual({
      type: 'error',
      status: '',
      status_code: 0,
      operation: '',
      error_code: status,
      error: text,
      metadata: null,
    });
  });

  it.each([
    ['POST', '/1.0/instances/a/snapshots', 501, 'not implemented: snapshots of instances'],
    ['GET', '/1.0/instances/a/snapshots/b?project=default', 404, 'Instance snapshot not found'],
    ['PUT', '/1.0/instances/a/files?path=x', 501, 'not implemented: files of instances; use exec'],
    ['DELETE', '/1.0/certificates/abc', 404, 'Certificate not found'],
    ['GET', '/1.0/cluster/members', 400, 'This server is not clustered'],
    ['GET', '/1.0/network-acls/x/log', 501, 'not implemented: network ACLs'],
    ['GET', '/1.0/things?target=other', 400, 'This server is not clustered'],
  ] as const)('%s %s, which LXD has, is %i', async (method, url, status, text) => {
    const answer = await app.inject({ method, url, payload: 'no JSON at all', headers: { 'content-type': 'text/plain' } });
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ error: text, error_code: status });
  });

  it.each(['', 'none'])('ignores target=%s', async (target) => {
    expect((await app.inject(`/1.0/things?target=${target}`)).statusCode).toBe(200);
  });

  it('keeps the text of an unexpected failure in the log', async () => {
    const answer = await app.inject('/1.0/things/broken');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('1234');
    expect(logged).toHaveLength(1);
  });

  it('refuses a URL that cannot be decoded', async () => {
    const answer = await app.inject('/1.0/things/%zz');
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error_code).toBe(400);
  });
});

describe('bodies', () => {
  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8'])(
    'reads %s as JSON',
    async (type) => {
      expect((await post('{"name":"x"}', { 'content-type': type })).statusCode).toBe(201);
    },
  );

  it('reads a body without a content type', async () => {
    const answer = await app.inject({ method: 'POST', url: '/1.0/things', payload: Buffer.from('{"name":"x"}') });
    expect(answer.statusCode).toBe(201);
  });

  it('takes unknown and null fields, and drops them', async () => {
    const answer = await post('{"name":"echo","description":null,"used_by":[1]}');
    expect(answer.json().metadata).toEqual({ name: 'echo', description: 'none', start: false });
  });

  it.each(['__proto__', 'constructor', 'toString'])('refuses the name %s anywhere in a body', async (name) => {
    for (const payload of [`{"name":"echo","${name}":{"a":1}}`, `{"name":"echo","config":{"${name}":"x"}}`]) {
      const answer = await post(payload);
      expect(answer.statusCode).toBe(400);
      expect(answer.json().error).toBe(`The name "${name}" cannot be used`);
    }
  });

  it('names all problems at once', async () => {
    const answer = await post('{"name":1,"start":"x"}');
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatch(/name must be a string; .*start must be a boolean/);
  });

  it.each(['{"name":', '[1]', '"text"', '12'])('refuses %s', async (payload) => {
    const answer = await post(payload);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatch(/^Request body is not valid JSON/);
  });

  it.each(['', 'null', '  ', '""'])('takes %j for {}', async (payload) => {
    expect((await post(payload)).json().error).toBe('name must be a string');
  });

  it('does not read what comes with a DELETE', async () => {
    const answer = await app.inject({
      method: 'DELETE',
      url: '/1.0/things/x',
      payload: '"',
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.statusCode).toBe(200);
  });

  it('refuses a body over the limit', async () => {
    const answer = await post(JSON.stringify({ name: 'x'.repeat(1024 * 1024) }));
    expect(answer.statusCode).toBe(413);
  });

  it('leaves raw bodies to the controller, however large', async () => {
    const payload = Buffer.alloc(2 * 1024 * 1024);
    const answer = await app.inject({
      method: 'POST',
      url: '/1.0/things/a/upload',
      payload,
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(answer.json().metadata).toEqual({ size: payload.length, body: null });
  });
});

describe('paths and headers', () => {
  it('keeps encoded slashes and long names', async () => {
    expect((await app.inject('/1.0/things/a%2Fb')).json().metadata.name).toBe('a/b');
    const long = 'x'.repeat(300);
    expect((await app.inject(`/1.0/things/${long}`)).json().metadata.name).toBe(long);
  });

  it('serves instances under their old name', async () => {
    expect((await app.inject('/1.0/containers?recursion=1')).json().metadata).toEqual(['instances']);
  });

  it('guards changes by ETag', async () => {
    const { etag } = (await app.inject('/1.0/things/a')).headers;
    const put = (match: string) => app.inject({ method: 'PUT', url: '/1.0/things/a', payload: '{}', headers: { 'if-match': match } });
    expect((await put(String(etag))).statusCode).toBe(200);
    expect((await put('"stale"')).statusCode).toBe(412);
  });
});
