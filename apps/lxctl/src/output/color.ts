import picocolors from 'picocolors';

/** Paints cells that are the name of a state; the rest stays as it is. */
export function paintStates(color: boolean): (cell: string) => string {
  const { cyan, dim, green, red } = picocolors.createColors(color);
  const tints: Record<string, (text: string) => string> = {
    RUNNING: green,
    SUCCESS: green,
    FROZEN: cyan,
    STOPPED: dim,
    ERROR: red,
    FAILURE: red,
  };
  return (cell) => tints[cell]?.(cell) ?? cell;
}
