import { overlayDriver } from './index.ts';
import { storageDriverConformance } from '../../storage-driver.conformance.ts';

storageDriverConformance(overlayDriver);
