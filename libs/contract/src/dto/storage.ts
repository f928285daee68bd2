import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
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

/** Where a new volume's data comes from. */
export class VolumeSourceBody {
  /** Empty: from nowhere; `copy`: from another volume of this server. */
  @IsString() type: string = '';
  @IsString() name: string = '';
  /** Of the volume that is copied; empty: the same pool. */
  @IsString() pool: string = '';
  @IsString() project: string = '';
  @IsBoolean() volume_only: boolean = false;
  @IsBoolean() refresh: boolean = false;
}

/** Body of `POST /1.0/storage-pools/{pool}/volumes`. */
export class VolumesPostBody {
  @IsString() name: string = '';
  @IsString() type: string = '';
  @IsString() content_type: string = '';
  /** Absent in a copy: that of the volume that is copied. */
  @IsOptional() @IsStringMap() config?: StringMap;
  @IsString() description: string = '';
  @IsObject() @ValidateNested() @Type(() => VolumeSourceBody) source: VolumeSourceBody = new VolumeSourceBody();
}

/** Body of `POST /1.0/storage-pools/{pool}/volumes/{type}/{name}`: another name, another pool, or both. */
export class VolumePostBody {
  @IsString() name: string = '';
  @IsString() pool: string = '';
  @IsString() project: string = '';
  @IsBoolean() migration: boolean = false;
  @IsBoolean() volume_only: boolean = false;
}

/** Body of `PUT /1.0/storage-pools/{pool}/volumes/{type}/{name}`: what is absent becomes empty. */
export class VolumePutBody {
  @IsString() description: string = '';
  @IsStringMap() config: StringMap = {};
  /** Name of a snapshot. */
  @IsString() restore: string = '';
}

/** Body of `POST /1.0/storage-pools/{pool}/volumes/{type}/{name}/snapshots`. */
export class VolumeSnapshotsPostBody {
  /** Empty: the next of the volume's pattern. */
  @IsString() name: string = '';
  /** Absent: that of the volume. */
  @IsOptional() @IsString() description?: string;
  /** RFC 3339. Absent: as the volume's snapshots.expiry says. */
  @IsOptional() @IsString() expires_at?: string;
}

/** Body of `POST .../snapshots/{snapshot}`: another name. */
export class VolumeSnapshotPostBody {
  @IsString() name: string = '';
  @IsBoolean() migration: boolean = false;
}

/** Body of `PUT .../snapshots/{snapshot}`: what is absent becomes empty. */
export class VolumeSnapshotPutBody {
  @IsString() description: string = '';
  @IsOptional() @IsString() expires_at?: string;
}

/** Body of `PATCH .../snapshots/{snapshot}`: what is absent stays. */
export class VolumeSnapshotPatchBody {
  @IsOptional() @IsString() description?: string;
  @IsOptional() @IsString() expires_at?: string;
}

/** Body of `PATCH /1.0/storage-pools/{pool}/volumes/{type}/{name}`: what is absent stays. */
export class VolumePatchBody {
  @IsOptional() @IsString() description?: string;
  @IsOptional() @IsStringMap() config?: StringMap;
}

/** POST /1.0/storage-pools/{pool}/volumes/custom/{name}/backups. */
export class VolumeBackupsPostBody {
  @IsString() name: string = '';
  @IsOptional() @IsString() expires_at?: string;
  @IsBoolean() volume_only: boolean = false;
  @IsBoolean() optimized_storage: boolean = false;
  @IsString() compression_algorithm: string = '';
}

/** What a backup's index says of a volume as it was, or of a snapshot of one. */
export class BackedUpVolumeBody {
  @IsString() name: string = '';
  @IsString() description: string = '';
  @IsStringMap() config: StringMap = {};
  @IsString() content_type: string = '';
  @IsString() created_at: string = '';
  /** LXD may leave it out of a snapshot that is for ever. */
  @IsOptional() @IsString() expires_at?: string;
}

export class VolumeBackupConfigBody {
  @IsOptional() @IsObject() @ValidateNested() @Type(() => BackedUpVolumeBody) volume?: BackedUpVolumeBody;
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => BackedUpVolumeBody) volume_snapshots?: BackedUpVolumeBody[];
}

/** index.yaml of a backup that is sent to POST /1.0/storage-pools/{pool}/volumes/custom. */
export class VolumeBackupIndexBody {
  @IsString() name: string = '';
  @IsString() type: string = '';
  @IsOptional() @IsBoolean() optimized?: boolean;
  @IsOptional() @IsArray() @IsString({ each: true }) snapshots?: string[];
  @IsOptional() @IsObject() @ValidateNested() @Type(() => VolumeBackupConfigBody) config?: VolumeBackupConfigBody;
}
