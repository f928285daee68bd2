import { Tables1795430400000 } from './1795430400000-tables.ts';
import { JournalRevision1795700000000 } from './1795700000000-journal-revision.ts';
import { InstanceIds1795910000000 } from './1795910000000-instance-ids.ts';
import { References1796000000000 } from './1796000000000-references.ts';
import { AttachedDevices1796100000000 } from './1796100000000-attached-devices.ts';
import { Nics1796150000000 } from './1796150000000-nics.ts';
import { Servers1796160000000 } from './1796160000000-servers.ts';
import { ChangesTold1796300000000 } from './1796300000000-changes-told.ts';
import { Snapshots1796400000000 } from './1796400000000-snapshots.ts';
import { VolumeReferences1796500000000 } from './1796500000000-volume-references.ts';
import { Warnings1796600000000 } from './1796600000000-warnings.ts';
import { Backups1796700000000 } from './1796700000000-backups.ts';
import { VolumeExpiry1796800000000 } from './1796800000000-volume-expiry.ts';
import { VolumeBackups1796900000000 } from './1796900000000-volume-backups.ts';
import { ImageOrigin1797500000000 } from './1797500000000-image-origin.ts';

/** Every migration, oldest first. Listed by hand, because the daemon is bundled and a bundle has no folder to look into. */
export const migrations = [
  Tables1795430400000,
  JournalRevision1795700000000,
  InstanceIds1795910000000,
  References1796000000000,
  AttachedDevices1796100000000,
  Nics1796150000000,
  Servers1796160000000,
  ChangesTold1796300000000,
  Snapshots1796400000000,
  VolumeReferences1796500000000,
  Warnings1796600000000,
  Backups1796700000000,
  VolumeExpiry1796800000000,
  VolumeBackups1796900000000,
  ImageOrigin1797500000000,
];
