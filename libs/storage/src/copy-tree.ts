/** Every copy of a tree goes through here. */
export { copyTree } from '#lib/host';
