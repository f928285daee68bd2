import { afterEach, expect, it, vi } from 'vitest';
import { faultsFromEnvironment, noFaults } from './faults.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('does nothing without the variable', () => {
  expect(faultsFromEnvironment(undefined)).toBe(noFaults);
  expect(faultsFromEnvironment('')).toBe(noFaults);
});

it('kills its own process at the point named, and nowhere else', async () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const faults = faultsFromEnvironment('instance.start:launch:during');
  await faults.reach('instance.start', 'launch', 'before');
  await faults.reach('instance.stop', 'launch', 'during');
  expect(kill).not.toHaveBeenCalled();
  const reached = faults.reach('instance.start', 'launch', 'during');
  expect(kill).toHaveBeenCalledWith(process.pid, 'SIGKILL');
  // Nothing may go on after it.
  expect(await Promise.race([reached, Promise.resolve('pending')])).toBe('pending');
  expect(faults.mustFail('instance.start', 'launch')).toBe(false);
});

it('makes the step fail whose undo is to be cut off', () => {
  expect(faultsFromEnvironment('instance.start:launch:undo').mustFail('instance.start', 'launch')).toBe(true);
});
