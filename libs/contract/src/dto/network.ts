import { IsOptional, IsString } from 'class-validator';
import type { StringMap } from '#lib/base';
import { IsStringMap } from './maps.ts';

/** Body of `PUT /1.0/networks/{name}`: what is absent becomes empty. */
export class NetworkPutBody {
  @IsString() description: string = '';
  @IsStringMap() config: StringMap = {};
}

/** Body of `POST /1.0/networks`. */
export class NetworksPostBody extends NetworkPutBody {
  @IsString() name: string = '';
  @IsString() type: string = '';
}

/** Body of `PATCH /1.0/networks/{name}`: what is absent stays. */
export class NetworkPatchBody {
  @IsOptional() @IsString() description?: string;
  @IsOptional() @IsStringMap() config?: StringMap;
}

/** Body of `POST /1.0/networks/{name}`. */
export class NetworkPostBody {
  @IsString() name: string = '';
}
