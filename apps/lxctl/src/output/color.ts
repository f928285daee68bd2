/** Colours of the states an instance or an operation can be in. */
const tints: Record<string, string> = {
  RUNNING: '32',
  SUCCESS: '32',
  FROZEN: '36',
  STOPPED: '2',
  ERROR: '31',
  FAILURE: '31',
};

/** Paints cells that are the name of a state; the rest stays as it is. */
export function paintStates(color: boolean): (cell: string) => string {
  return color ? (cell) => (tints[cell] ? `\x1b[${tints[cell]}m${cell}\x1b[0m` : cell) : (cell) => cell;
}
