export { expand, type Expanded } from '#lib/profile';
