import { describe, expect, it } from 'vitest';
import { onlyDefault, Scope } from './scope.ts';

describe('Scope', () => {
  it('maps a feature to the project that has it', () => {
    const scope = new Scope('dev', ['images', 'storage.volumes']);
    expect(scope.project).toBe('dev');
    expect(scope.of('images')).toBe('dev');
    expect(scope.of('storage.volumes')).toBe('dev');
    expect(scope.of('profiles')).toBe('default');
    expect(scope.of('networks')).toBe('default');
  });

  it('knows the default project alone', () => {
    expect(onlyDefault.scope('dev')).toBeNull();
    expect(onlyDefault.scope('default')).toMatchObject({ project: 'default' });
  });
});
