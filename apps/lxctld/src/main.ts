import 'reflect-metadata';
import { peerCredentials } from '#lib/host';
import { buildHouse } from './house.ts';
import { Daemon } from './server/daemon.ts';
import { adminGroup } from './rim/unix-socket.ts';
import { makeLog } from './server/log.ts';
import { readSettings } from './settings.ts';

/** Runs the daemon until it is told to stop. Containers outlive it. */
async function main(): Promise<void> {
  if (process.geteuid?.() !== 0) throw new Error('The daemon needs root, because it mounts file systems and makes network links.');
  const settings = readSettings(process.env, import.meta.dirname);
  const log = makeLog(settings.logLevel);
  const fail = (error: unknown) => {
    log.fatal({ err: error }, 'the daemon met a failure that nobody handled');
    process.exit(1);
  };
  process.on('unhandledRejection', fail);
  process.on('uncaughtException', fail);
  // A daemon outlives the terminal it was started from.
  process.on('SIGHUP', () => {});
  const daemon = new Daemon({ settings, log, buildHouse, peerCredentials, adminGroup });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void daemon.shutdown.request({ instances: 'leave' });
      process.once(signal, () => process.exit(1));
    });
  }
  try {
    await Promise.race([daemon.start(), daemon.ended]);
  } catch (error) {
    if (daemon.shutdown.asked) await daemon.ended;
    else {
      await daemon.abandon();
      throw error;
    }
  }
  await daemon.ended;
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`lxctld: ${error instanceof Error ? error.message : String(error)}\n`);
  if (process.env.LXCTL_LOG_LEVEL === 'debug' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
