import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import type { StringMap } from '#lib/base';
import { IsStringMap } from './maps.ts';

/** Body of `PUT /1.0/images/{fingerprint}`: what is absent becomes empty. */
export class ImagePutBody {
  @IsBoolean() auto_update: boolean = false;
  @IsStringMap() properties: StringMap = {};
  @IsBoolean() public: boolean = false;
  /** RFC 3339; empty or the zero time: never. */
  @IsString() expires_at: string = '';
  @IsArray() @IsString({ each: true }) profiles: string[] = ['default'];
}

/** Body of `PATCH /1.0/images/{fingerprint}`: what is absent stays. */
export class ImagePatchBody {
  @IsOptional() @IsBoolean() auto_update?: boolean;
  @IsOptional() @IsStringMap() properties?: StringMap;
  @IsOptional() @IsBoolean() public?: boolean;
  @IsOptional() @IsString() expires_at?: string;
  @IsOptional() @IsArray() @IsString({ each: true }) profiles?: string[];
}

export class ImageSourceBody {
  /** `pull` or nothing: this server fetches it; `push`: another server is to send it. */
  @IsString() mode: string = '';
  /** Name of a source of images, such as `recipe`. */
  @IsString() type: string = '';
  /** With type `recipe`: which one. With `instance` and `snapshot`: what the image is made of. */
  @IsString() name: string = '';
  @IsString() alias: string = '';
  @IsString() fingerprint: string = '';
  /** With type `image`: URL of the server that has it, what it speaks, and its certificate in PEM where no authority has signed that. */
  @IsString() server: string = '';
  @IsString() protocol: string = '';
  @IsString() certificate: string = '';
  @IsString() secret: string = '';
  @IsString() image_type: string = '';
}

export class ImageAliasBody {
  @IsString() name: string = '';
  @IsString() description: string = '';
}

/** JSON body of `POST /1.0/images`. */
export class ImagesPostBody {
  @IsObject() @ValidateNested() @Type(() => ImageSourceBody) source: ImageSourceBody = new ImageSourceBody();
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => ImageAliasBody) aliases: ImageAliasBody[] | null = null;
  @IsString() filename: string = '';
  @IsBoolean() public: boolean = false;
  @IsBoolean() auto_update: boolean = false;
  @IsOptional() @IsStringMap() properties: StringMap | null = null;
  @IsOptional() @IsArray() @IsString({ each: true }) profiles: string[] | null = null;
  /** RFC 3339; empty or the zero time: never. */
  @IsString() expires_at: string = '';
  /** Such as `gzip` or `zstd -19`; empty: as the server's config says. */
  @IsString() compression_algorithm: string = '';
}

/** Body of `PUT /1.0/images/aliases/{name}`. */
export class AliasPutBody {
  @IsString() description: string = '';
  @IsString() target: string = '';
}

/** Body of `POST /1.0/images/aliases`. */
export class AliasesPostBody extends AliasPutBody {
  @IsString() name: string = '';
  @IsString() type: string = '';
}

/** Body of `PATCH /1.0/images/aliases/{name}`: what is absent stays. */
export class AliasPatchBody {
  @IsOptional() @IsString() description?: string;
  @IsOptional() @IsString() target?: string;
}

/** Body of `POST /1.0/images/aliases/{name}`. */
export class AliasPostBody {
  @IsString() name: string = '';
}
