import type { DeviceMap, StringMap } from '#lib/base';

export interface WireProfilePut {
  config: StringMap;
  description: string;
  devices: DeviceMap;
}

/** Body of `POST /1.0/profiles`. */
export interface WireProfilesPost extends Partial<WireProfilePut> {
  name: string;
}

export interface WireProfile extends WireProfilePut {
  name: string;
  /** URLs of the instances that use it. */
  used_by: string[];
}
