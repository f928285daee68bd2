import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import { templatePaths, templateWarning } from './templates.ts';

describe('templates of an image', () => {
  it('names the files that are not written', () => {
    const metadata = { templates: { '/etc/hosts': { when: ['create'] }, '/etc/hostname': { when: ['start'] } } };
    expect(templatePaths(metadata)).toEqual(['/etc/hostname', '/etc/hosts']);
    expect(templateWarning(metadata)).toBe('The templates of the image are not applied by this server: /etc/hostname, /etc/hosts');
  });

  it.each<JsonObject>([{}, { templates: null }, { templates: {} }, { templates: ['x'] }, { templates: 'x' }])(
    'says nothing of %j',
    (metadata) => {
      expect(templateWarning(metadata)).toBeNull();
    },
  );
});
