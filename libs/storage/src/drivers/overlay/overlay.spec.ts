import { expect, it } from 'vitest';
import { overlayDriver } from './index.ts';

it('names the directory that cannot hold a pool', async () => {
  await expect(overlayDriver.pool.probe('/proc')).rejects.toMatchObject({
    code: 'pool.unusable',
    message: expect.stringContaining('/proc'),
  });
});
