/** Every copy of a tree goes through here. */
export { copyTree, cutTree } from '#lib/host';
