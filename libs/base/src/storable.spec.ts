import { expect, it } from 'vitest';
import { storableJson, storableText } from './storable.ts';

it('replaces what Postgres cannot hold, and nothing else', () => {
  expect(storableText('a\u0000b\ud83dc\ude00 \u{1f600}\n')).toBe('a\ufffdb\ufffdc\ufffd \u{1f600}\n');
  expect(storableJson({ 'k\u0000': ['\udc00', 1, null, true, { deep: 'fine' }] })).toEqual({
    'k\ufffd': ['\ufffd', 1, null, true, { deep: 'fine' }],
  });
});
