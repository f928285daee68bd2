/** For `told` of a packing: megabytes, not oftener than people read. */
export function packTold(progress: (text: string) => void): (bytes: number) => void {
  const began = Date.now();
  let last = 0;
  return (bytes) => {
    const now = Date.now();
    if (now - last < 500) return;
    last = now;
    const megabytes = bytes / 1e6;
    progress(`${megabytes.toFixed(2)}MB (${(megabytes / Math.max((now - began) / 1000, 0.001)).toFixed(2)}MB/s)`);
  };
}
