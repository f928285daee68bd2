import { expect, it } from 'vitest';
import { attachment } from './attachment.ts';

it('is a header whatever the name of the file is', () => {
  expect(attachment('data.tar.gz')).toBe('attachment; filename=data.tar.gz');
  expect(attachment('d\u00fc;"(1).tar')).toBe(`attachment; filename=d____1_.tar; filename*=UTF-8''d%C3%BC%3B%22%281%29.tar`);
});
