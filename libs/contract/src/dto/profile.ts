import { IsOptional, IsString } from 'class-validator';
import type { DeviceMap, StringMap } from '#lib/base';
import { IsDeviceMap, IsStringMap } from './maps.ts';

/** Body of `PUT /1.0/profiles/{name}`: what is absent becomes empty. */
export class ProfilePut {
  @IsString() description: string = '';
  @IsStringMap() config: StringMap = {};
  @IsDeviceMap() devices: DeviceMap = {};
}

/** Body of `POST /1.0/profiles`. */
export class ProfilesPost extends ProfilePut {
  @IsString() name: string = '';
}

/** Body of `PATCH /1.0/profiles/{name}`: what is absent stays. */
export class ProfilePatch {
  @IsOptional() @IsString() description?: string;
  @IsOptional() @IsStringMap() config?: StringMap;
  @IsOptional() @IsDeviceMap() devices?: DeviceMap;
}

/** Body of `POST /1.0/profiles/{name}`. */
export class ProfilePost {
  @IsString() name: string = '';
}
