export { type Subject, type Told, Warnings } from './warnings.ts';
