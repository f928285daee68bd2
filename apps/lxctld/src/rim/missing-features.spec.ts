import { expect, it } from 'vitest';
import { allControllers } from '../app.module.ts';
import { BULK_STATE } from '../instances/bulk-state.ts';
import * as instanceTokens from '../instances/tokens.ts';
import { serveRim } from '../testing/rim-server.ts';
import * as tokens from '../tokens.ts';
import { missingRows } from './missing-features.ts';
import { pathPattern } from './routes.ts';

it('has no row that the routes have overtaken', async () => {
  const values = [...Object.values(tokens), ...Object.values(instanceTokens), BULK_STATE];
  const rim = await serveRim({ controllers: allControllers, providers: values.map((provide) => ({ provide, useValue: {} })) });
  const routed = (verb: string, path: string) =>
    rim.routes.all.some((route) => route.method === verb && pathPattern(route.path).test(path));
  const stale = missingRows.filter(({ path, verbs, absent }) => {
    const overtaken = verbs.map((verb) => routed(verb, path.replace(/\/\*$/, '/x')));
    return absent ? overtaken.every(Boolean) : overtaken.some(Boolean);
  });
  expect(stale.map(({ path, verbs }) => `${verbs.join(' ')} ${path}`)).toEqual([]);
  await rim.close();
});
