import { Controller, Delete, Get, Inject, Param, Post, Put } from '@nestjs/common';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '#lib/engine';
import { LxError } from '#lib/contract';
import { type RimServer, serveRim } from '../testing/rim-server.ts';
import { Access } from './access.ts';
import { Answer } from './answer.ts';
import { Call } from './call.ts';

class ThingPost {
  @IsString() name!: string;
  @IsOptional() @IsString() description: string = 'none';
  @IsOptional() @IsBoolean() start: boolean = false;
}

@Controller('1.0/things')
class ThingsController {
  constructor(@Inject('THINGS') private readonly things: string[]) {}

  @Get()
  @Access('view')
  list(@Call() call: Call): Answer {
    if (!call.project) return Answer.sync();
    return Answer.sync(this.things);
  }

  @Post()
  @Access('manage-instances')
  create(@Call() call: Call): Answer {
    const request = call.body(ThingPost);
    if (request.start) return Answer.operation({ view: () => ({ id: 'op1', class: 'task' }) } as unknown as Operation);
    return request.name === 'echo' ? Answer.sync(request) : Answer.created(`/1.0/things/${request.name}`);
  }

  @Get(':name')
  @Access('view')
  show(@Call() call: Call, @Param('name') name: string): Answer {
    if (name === 'broken') throw new Error('the password is 1234');
    if (name === 'missing') throw new LxError('instance.not_found');
    return Answer.sync({ name, who: call.requestor.username }, { etag: [name] });
  }

  @Put(':name')
  @Access('manage-instances')
  update(@Call() call: Call, @Param('name') name: string): Answer {
    call.match([name]);
    return Answer.sync();
  }

  @Delete(':name')
  @Access('manage-instances')
  remove(): Answer {
    return Answer.sync();
  }

  @Post(':name/upload')
  @Access('manage-instances')
  async upload(@Call() call: Call): Promise<Answer> {
    let size = 0;
    for await (const chunk of call.upload ?? []) size += (chunk as Buffer).length;
    return Answer.sync({ size, raw: call.upload !== null });
  }

  @Get(':name/log')
  @Access('view')
  log(): Answer {
    return Answer.raw(Buffer.from('line\n'), { 'content-type': 'text/plain' });
  }
}

@Controller('1.0/instances')
class InstancesController {
  @Get()
  @Access('view')
  list(@Call() call: Call): Answer {
    return Answer.sync([call.saysContainers ? 'containers' : 'instances']);
  }
}

let rim: RimServer;
beforeAll(async () => {
  rim = await serveRim({
    controllers: [ThingsController, InstancesController],
    providers: [{ provide: 'THINGS', useValue: [] }],
  });
});
afterAll(() => rim.close());

const get = (path: string) => rim.call('GET', path);
const post = (payload: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  rim.call('POST', '/1.0/things', payload, headers);

describe('envelopes', () => {
  it('has all seven keys and an empty list as []', async () => {
    const answer = await get('/1.0/things?');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
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
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe('/1.0/things/x');
    expect(answer.metadata).toEqual({});
  });

  it('answers an operation with 202', async () => {
    const answer = await post('{"name":"x","start":true}');
    expect(answer.status).toBe(202);
    expect(answer.headers.location).toBe('/1.0/operations/op1');
    expect(answer.body).toMatchObject({ type: 'async', status: 'Operation created', status_code: 100, operation: '/1.0/operations/op1' });
  });

  it('sends raw answers as they are', async () => {
    const answer = await get('/1.0/things/a/log');
    expect(answer.headers['content-type']).toBe('text/plain');
    expect((await rim.bytes('/1.0/things/a/log')).content.toString()).toBe('line\n');
  });
});

describe('errors', () => {
  it.each([
    ['GET', '/1.0/nowhere', 404, 'not found'],
    ['PATCH', '/1.0/things', 501, 'not implemented'],
    ['GET', '/1.0/things/missing', 404, 'Instance not found'],
    ['GET', '/1.0/things?project=other', 404, 'Project not found'],
  ] as const)('%s %s is %i', async (method, url, status, text) => {
    const answer = await rim.call(method, url);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
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
    ['POST', '/1.0/images/abc/export', 501, 'not implemented: sending images to another server; export the image and import it there'],
    ['DELETE', '/1.0/certificates/abc', 404, 'Certificate not found'],
    ['GET', '/1.0/cluster/members', 400, 'This server is not clustered'],
    ['GET', '/1.0/network-acls/x/log', 501, 'not implemented: network ACLs'],
    ['GET', '/1.0/things?target=other', 400, 'This server is not clustered'],
  ] as const)('%s %s, which LXD has, is %i', async (method, url, status, text) => {
    const answer = await rim.call(method, url, 'no JSON at all', { 'content-type': 'text/plain' });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ error: text, error_code: status });
  });

  it.each(['', 'none'])('ignores target=%s', async (target) => {
    expect((await get(`/1.0/things?target=${target}`)).status).toBe(200);
  });

  it('keeps the text of an unexpected failure in the log', async () => {
    const answer = await get('/1.0/things/broken');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain('1234');
    expect(rim.logged).toHaveLength(1);
  });

  it('refuses a URL that cannot be decoded', async () => {
    const answer = await get('/1.0/things/%zz');
    expect(answer.status).toBe(400);
    expect(answer.body.error_code).toBe(400);
  });
});

describe('bodies', () => {
  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8'])(
    'reads %s as JSON',
    async (type) => {
      expect((await post('{"name":"x"}', { 'content-type': type })).status).toBe(201);
    },
  );

  it('reads a body without a content type', async () => {
    const answer = await rim.call('POST', '/1.0/things', Buffer.from('{"name":"x"}'));
    expect(answer.status).toBe(201);
  });

  it('takes unknown and null fields, and drops them', async () => {
    const answer = await post('{"name":"echo","description":null,"used_by":[1]}');
    expect(answer.metadata).toEqual({ name: 'echo', description: 'none', start: false });
  });

  it.each(['__proto__', 'constructor', 'toString'])('refuses the name %s anywhere in a body', async (name) => {
    for (const payload of [`{"name":"echo","${name}":{"a":1}}`, `{"name":"echo","config":{"${name}":"x"}}`]) {
      const answer = await post(payload);
      expect(answer.status).toBe(400);
      expect(answer.error).toBe(`The name "${name}" cannot be used`);
    }
  });

  it('names all problems at once', async () => {
    const answer = await post('{"name":1,"start":"x"}');
    expect(answer.status).toBe(400);
    expect(answer.error).toMatch(/name must be a string; .*start must be a boolean/);
  });

  it.each(['{"name":', '[1]', '"text"', '12'])('refuses %s', async (payload) => {
    const answer = await post(payload);
    expect(answer.status).toBe(400);
    expect(answer.error).toMatch(/^Request body is not valid JSON/);
  });

  it.each(['', 'null', '  ', '""'])('takes %j for {}', async (payload) => {
    expect((await post(payload)).error).toBe('name must be a string');
  });

  it('does not read what comes with a DELETE', async () => {
    const answer = await rim.call('DELETE', '/1.0/things/x', '"', { 'content-type': 'application/json' });
    expect(answer.status).toBe(200);
  });

  it('refuses a body over the limit', async () => {
    const answer = await post(JSON.stringify({ name: 'x'.repeat(1024 * 1024) }));
    expect(answer.status).toBe(413);
  });

  it('leaves raw bodies to the controller, however large', async () => {
    const payload = Buffer.alloc(2 * 1024 * 1024);
    const answer = await rim.call('POST', '/1.0/things/a/upload', payload, { 'content-type': 'application/octet-stream' });
    expect(answer.metadata).toEqual({ size: payload.length, raw: true });
  });
});

describe('paths and headers', () => {
  it('keeps encoded slashes and long names', async () => {
    expect((await get('/1.0/things/a%2Fb')).metadata).toMatchObject({ name: 'a/b' });
    const long = 'x'.repeat(300);
    expect((await get(`/1.0/things/${long}`)).metadata).toMatchObject({ name: long });
  });

  it('serves instances under their old name', async () => {
    expect((await get('/1.0/containers?recursion=1')).metadata).toEqual(['containers']);
  });

  it('guards changes by ETag', async () => {
    const { etag } = (await get('/1.0/things/a')).headers;
    const put = (match: string) => rim.call('PUT', '/1.0/things/a', {}, { 'if-match': match });
    expect((await put(String(etag))).status).toBe(200);
    expect((await put('"stale"')).status).toBe(412);
  });
});
