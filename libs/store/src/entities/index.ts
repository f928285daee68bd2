import { imageAliasEntity, imageEntity } from './image.ts';
import { instanceEntity, instanceProfileEntity, instanceReferenceEntity } from './instance.ts';
import { eventEntity, operationEntity } from './journal.ts';
import { networkEntity } from './network.ts';
import { nicEntity } from './nic.ts';
import { profileEntity, profileReferenceEntity } from './profile.ts';
import { serverConfigEntity } from './server-config.ts';
import { serverEntity } from './server.ts';
import { instanceBackupEntity, volumeBackupEntity } from './backup.ts';
import { snapshotEntity } from './snapshot.ts';
import { poolEntity, volumeEntity } from './storage.ts';
import { warningEntity } from './warning.ts';

/** Every table. The migrations make exactly these (schema.spec.ts compares them). */
export const entities = [
  instanceEntity,
  instanceProfileEntity,
  instanceReferenceEntity,
  instanceBackupEntity,
  volumeBackupEntity,
  snapshotEntity,
  profileEntity,
  profileReferenceEntity,
  imageEntity,
  imageAliasEntity,
  poolEntity,
  volumeEntity,
  networkEntity,
  nicEntity,
  operationEntity,
  eventEntity,
  serverConfigEntity,
  serverEntity,
  warningEntity,
];
