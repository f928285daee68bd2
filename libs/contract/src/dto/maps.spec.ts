import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { describe, expect, it } from 'vitest';
import * as dto from './index.ts';

type Body = { config?: unknown; devices?: unknown };

/** What a request's body becomes, and the texts of its problems. */
function parsed(type: new () => object, body: Body): { value: Body; problems: string[] } {
  const value = plainToInstance(type, body, { exposeDefaultValues: true }) as Body;
  return { value, problems: validateSync(value).flatMap(({ constraints }) => Object.values(constraints ?? {})) };
}

const withConfig = {
  InstancesPostBody: dto.InstancesPostBody,
  InstancePutBody: dto.InstancePutBody,
  InstancePatchBody: dto.InstancePatchBody,
  ProfilesPost: dto.ProfilesPost,
  ProfilePut: dto.ProfilePut,
  ProfilePatch: dto.ProfilePatch,
  NetworksPostBody: dto.NetworksPostBody,
  NetworkPutBody: dto.NetworkPutBody,
  NetworkPatchBody: dto.NetworkPatchBody,
  PoolsPostBody: dto.PoolsPostBody,
  PoolPutBody: dto.PoolPutBody,
  PoolPatchBody: dto.PoolPatchBody,
  ServerPut: dto.ServerPut,
};
const withDevices = ['InstancesPostBody', 'InstancePutBody', 'InstancePatchBody', 'ProfilesPost', 'ProfilePut', 'ProfilePatch'] as const;

describe.each(Object.entries(withConfig))('%s', (_, type) => {
  it('reads a null value of its config as one that unsets the key, and refuses what is no text', () => {
    const { value } = parsed(type, { config: { 'user.a': null, 'user.b': '1' } });
    expect(value.config).toEqual({ 'user.a': '', 'user.b': '1' });
    expect(parsed(type, { config: { 'user.a': null } }).problems.filter((problem) => problem.startsWith('config'))).toEqual([]);
    expect(parsed(type, { config: { 'user.a': 1 } }).problems).toContain('config must be a map of strings');
    expect(parsed(type, { config: ['a'] }).problems).toContain('config must be a map of strings');
  });
});

describe.each(withDevices)('%s', (name) => {
  it('leaves out options that are null or empty, and reads a null device as one without options', () => {
    const { value } = parsed(withConfig[name], { devices: { eth0: { type: 'nic', mtu: null, parent: '' }, root: null } });
    expect(value.devices).toEqual({ eth0: { type: 'nic' }, root: {} });
    expect(parsed(withConfig[name], { devices: { a: 'b' } }).problems).toContain('devices must be a map of devices, each a map of strings');
  });
});
