import { dirDriver } from './index.ts';
import { storageDriverConformance } from '../../storage-driver.conformance.ts';

storageDriverConformance(dirDriver);
