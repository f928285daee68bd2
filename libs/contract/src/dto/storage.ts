import { IsOptional, IsString } from 'class-validator';
import type { StringMap } from '#lib/base';
import { IsStringMap } from './maps.ts';

/** Body of `PUT /1.0/storage-pools/{name}`: what is absent becomes empty. */
export class PoolPutBody {
  @IsString() description: string = '';
  @IsStringMap() config: StringMap = {};
}

/** Body of `POST /1.0/storage-pools`. */
export class PoolsPostBody extends PoolPutBody {
  @IsString() name: string = '';
  @IsString() driver: string = '';
}

/** Body of `PATCH /1.0/storage-pools/{name}`: what is absent stays. */
export class PoolPatchBody {
  @IsOptional() @IsString() description?: string;
  @IsOptional() @IsStringMap() config?: StringMap;
}
