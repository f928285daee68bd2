import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

const read = (environment: Record<string, string>) => readSettings(environment, import.meta.dirname);

describe('readSettings', () => {
  it('has defaults', () => {
    expect(read({})).toMatchObject({ stateDir: '/var/lib/lxctl', runDir: '/run/lxctl', databaseUrl: null, logLevel: 'info' });
    expect(read({}).databasePatienceMs).toBe(10_000);
    expect(read({ LXCTL_DATABASE_PATIENCE: '2.5' }).databasePatienceMs).toBe(2500);
  });

  it('keeps a daemon of its own apart', () => {
    expect(read({ LXCTL_DIR: '/srv/one/' })).toMatchObject({ stateDir: '/srv/one', runDir: '/srv/one/run' });
    expect(read({ LXCTL_DIR: '/var/lib/lxctl/' })).toMatchObject({ stateDir: '/var/lib/lxctl', runDir: '/run/lxctl' });
  });

  it.each([
    [{ LXCTL_DIR: 'here' }, 'LXCTL_DIR must be an absolute path, not here.'],
    [{ LXCTL_DATABASE_URL: 'mysql://x' }, 'LXCTL_DATABASE_URL must be a postgres:// URL.'],
    [{ LXCTL_DATABASE_PATIENCE: 'long' }, 'LXCTL_DATABASE_PATIENCE must be a number of seconds from 1 to 3600.'],
    [{ LXCTL_DATABASE_PATIENCE: '0' }, 'LXCTL_DATABASE_PATIENCE must be a number of seconds from 1 to 3600.'],
    [{ LXCTL_LOG_LEVEL: 'loud' }, /^LXCTL_LOG_LEVEL must be one of/],
  ])('refuses %j', (environment, message) => {
    expect(() => read(environment)).toThrow(message);
  });
});
