import type { StringMap } from '#lib/base';
import { IsStringMap } from './maps.ts';

/** Body of PUT and PATCH on `/1.0`. */
export class ServerPut {
  @IsStringMap() config: StringMap = {};
}
