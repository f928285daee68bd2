import { socketPath, UnixTransport } from '#lib/client';
import { processIo } from './run/process-io.ts';
import { run } from './run.ts';

declare const __LXCTL_VERSION__: string;

// A reader that goes away (`lxctl list | head -1`) ends the command without a word, as it does with other tools.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const path = socketPath(process.env);
const around = { io: processIo(), transport: new UnixTransport(path), version: __LXCTL_VERSION__, socketPath: path, now: () => new Date() };
void run(process.argv.slice(2), around).then((code) => {
  // Not at once: what was written to a pipe may still be under way.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
});
