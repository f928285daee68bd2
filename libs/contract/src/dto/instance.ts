import { IsArray, IsBoolean, IsInt, IsObject, IsOptional, IsString, Max, Min, ValidateNested } from 'class-validator';
import { Expose, Type } from 'class-transformer';
import type { DeviceMap, StringMap } from '#lib/base';
import { IsDeviceMap, IsStringMap } from './maps.ts';

export class InstanceSourceBody {
  @IsString() type = '';
  @IsOptional() @IsString() alias = '';
  @IsOptional() @IsString() fingerprint = '';
  @IsOptional() @IsString() server = '';
  @IsOptional() @IsString() protocol = '';
  @IsOptional() @IsString() certificate = '';
  @IsOptional() @IsString() secret = '';
  @IsOptional() @IsString() mode = '';
  @IsOptional() @IsString() source = '';
  @IsOptional() @IsString() project = '';
  @IsOptional() @IsBoolean() instance_only = false;
  @IsOptional() @IsBoolean() container_only = false;
  @IsOptional() @IsBoolean() refresh = false;
}

/** POST /1.0/instances. */
export class InstancesPostBody {
  @IsString() name = '';
  @IsString() description = '';
  @IsString() architecture = '';
  @IsStringMap() config: StringMap = {};
  @IsDeviceMap() devices: DeviceMap = {};
  /** The default profiles when absent or null. */
  @IsOptional() @IsArray() @IsString({ each: true }) profiles?: string[];
  @IsBoolean() ephemeral = false;
  @IsString() type = '';
  @IsString() instance_type = '';
  @IsBoolean() start = false;
  @IsObject() @ValidateNested() @Type(() => InstanceSourceBody) source: InstanceSourceBody = new InstanceSourceBody();
}

/** POST /1.0/instances/{name}/rebuild. */
export class InstanceRebuildBody {
  @IsObject() @ValidateNested() @Type(() => InstanceSourceBody) source: InstanceSourceBody = new InstanceSourceBody();
}

/** PUT /1.0/instances/{name}. */
export class InstancePutBody {
  @IsString() description = '';
  @IsString() architecture = '';
  @IsStringMap() config: StringMap = {};
  @IsDeviceMap() devices: DeviceMap = {};
  @IsOptional() @IsArray() @IsString({ each: true }) profiles?: string[];
  @IsBoolean() ephemeral = false;
  @IsString() restore = '';
  @IsBoolean() stateful = false;
}

/** PATCH /1.0/instances/{name}: absent fields stay unchanged. */
export class InstancePatchBody {
  @IsOptional() @IsString() description?: string;
  @IsOptional() @IsStringMap() config?: StringMap;
  @IsOptional() @IsDeviceMap() devices?: DeviceMap;
  @IsOptional() @IsArray() @IsString({ each: true }) profiles?: string[];
  @IsOptional() @IsBoolean() ephemeral?: boolean;
}

/** POST /1.0/instances/{name}: a new name. */
export class InstancePostBody {
  @IsString() name = '';
  @IsBoolean() migration = false;
  @IsString() pool = '';
  @IsString() project = '';
}

/** POST /1.0/instances/{name}/snapshots. */
export class SnapshotsPostBody {
  @IsString() name = '';
  @IsBoolean() stateful = false;
  @IsOptional() @IsString() expires_at?: string;
}

/** POST /1.0/instances/{name}/backups. */
export class BackupsPostBody {
  @IsString() name = '';
  @IsOptional() @IsString() expires_at?: string;
  @IsBoolean() instance_only = false;
  @IsBoolean() container_only = false;
  @IsBoolean() optimized_storage = false;
  @IsString() compression_algorithm = '';
}

/** What a backup's index says of an instance as it was. */
export class BackedUpBody {
  @IsString() name = '';
  @IsString() description = '';
  @IsString() architecture = '';
  @IsStringMap() config: StringMap = {};
  @IsDeviceMap() devices: DeviceMap = {};
  @IsArray() @IsString({ each: true }) profiles: string[] = [];
  @IsBoolean() ephemeral = false;
  @IsString() created_at = '';
  @IsString() expires_at = '';
}

export class BackupConfigBody {
  @IsOptional() @IsObject() @ValidateNested() @Type(() => BackedUpBody) container?: BackedUpBody;
  /** As Incus calls it. */
  @IsOptional() @IsObject() @ValidateNested() @Type(() => BackedUpBody) instance?: BackedUpBody;
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => BackedUpBody) snapshots?: BackedUpBody[];
}

/** index.yaml of a backup that is sent to POST /1.0/instances. */
export class BackupIndexBody {
  @IsString() name = '';
  @IsString() pool = '';
  @IsString() type = '';
  @IsOptional() @IsBoolean() optimized?: boolean;
  @IsOptional() @IsArray() @IsString({ each: true }) snapshots?: string[];
  @IsOptional() @IsObject() @ValidateNested() @Type(() => BackupConfigBody) config?: BackupConfigBody;
}

/** POST /1.0/instances/{name}/backups/{backup}: a new name. */
export class BackupPostBody {
  @IsString() name = '';
}

/** PUT and PATCH /1.0/instances/{name}/snapshots/{snapshot}. */
export class SnapshotPutBody {
  @IsOptional() @IsString() expires_at?: string;
}

/** POST /1.0/instances/{name}/snapshots/{snapshot}: a new name. */
export class SnapshotPostBody {
  @IsString() name = '';
  @IsBoolean() migration = false;
}

/** PUT /1.0/instances/{name}/state. `timeout` in seconds, negative: for ever. */
export class InstanceStateBody {
  @IsString() action = '';
  @IsInt() @Min(-1) @Max(2_000_000) timeout = 30;
  @IsBoolean() force = false;
  @IsBoolean() stateful = false;
}

/** PUT /1.0/instances: the same change of state for all instances. */
export class InstancesPutBody {
  @IsObject() @ValidateNested() @Type(() => InstanceStateBody) state: InstanceStateBody = new InstanceStateBody();
}

/** POST /1.0/instances/{name}/exec. */
export class ExecBody {
  @IsArray() @IsString({ each: true }) command: string[] = [];
  @IsStringMap() environment: StringMap = {};
  @Expose({ name: 'wait-for-websocket' }) @IsBoolean() waitForWebsocket = false;
  @IsBoolean() interactive = false;
  @Expose({ name: 'record-output' }) @IsBoolean() recordOutput = false;
  @IsInt() @Min(0) @Max(65_535) width = 0;
  @IsInt() @Min(0) @Max(65_535) height = 0;
  @IsInt() @Min(0) @Max(4_294_967_294) user = 0;
  @IsInt() @Min(0) @Max(4_294_967_294) group = 0;
  @IsString() cwd = '';
}

/** POST /1.0/instances/{name}/console. */
export class ConsoleBody {
  @IsInt() @Min(0) @Max(65_535) width = 0;
  @IsInt() @Min(0) @Max(65_535) height = 0;
  @IsString() type = 'console';
}
