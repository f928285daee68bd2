import type { JsonObject } from '#lib/base';

/**
 * The files that an image wants written from its templates/ (`templates` of its metadata.yaml). This version unpacks the
 * templates and applies none, so whoever imports or uses such an image is told.
 */
export function templatePaths(metadata: JsonObject): string[] {
  const { templates } = metadata;
  return templates !== null && typeof templates === 'object' && !Array.isArray(templates) ? Object.keys(templates).sort() : [];
}

/** The sentence for the operation's metadata and the log; null when the image has no templates. */
export function templateWarning(metadata: JsonObject): string | null {
  const paths = templatePaths(metadata);
  return paths.length === 0 ? null : `The templates of the image are not applied by this server: ${paths.join(', ')}`;
}
