import { print } from '../../output/print.ts';
import { instanceOrSnapshot, keyValues } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { CommandError, defineVerb, many, text, toggle } from '../../run/verb.ts';
import { putAliases } from '../image/aliases.ts';
import { changeState } from './state.ts';

export const verb = defineVerb({
  args: '<instance> [key=value...]',
  usage: '<instance>[/<snapshot>] [key=value...]',
  details:
    'Makes an image of an instance that does not run, or of a snapshot. Properties take the place of those of the image it came from.',
  examples: ['lxctl publish web --force --alias web/tested', 'lxctl publish web/before-upgrade --compression zstd os=debian'],
  flags: {
    alias: many('--alias <name>', 'Alias for the image (may be repeated)'),
    compression: text('--compression <program>', 'What it is compressed with (gzip, zstd -19, ...; none)'),
    expire: text('--expire <time>', 'When the image expires, such as 2031-01-02T03:04:05Z'),
    force: toggle('-f, --force', 'Stop the instance if it runs, and start it again'),
    public: toggle('--public', 'Let callers without trust use it'),
  },
  async run(call) {
    const { args, flags, client, io } = call;
    const [typed, ...words] = args;
    const { name, snapshot } = instanceOrSnapshot(typed);
    const running = snapshot === null && (await client.instances.get(name)).status !== 'Stopped';
    if (running && !flags.force) throw new CommandError('The instance is currently running. Use --force to have it stopped and restarted');
    if (running) await changeState(call, name, { action: 'stop', timeout: -1, force: true });
    try {
      const operation = await client.images.publish({
        source: snapshot === null ? { type: 'instance', name } : { type: 'snapshot', name: `${name}/${snapshot}` },
        properties: keyValues(words),
        public: flags.public,
        ...(flags.compression === undefined ? {} : { compression_algorithm: flags.compression }),
        ...(flags.expire === undefined ? {} : { expires_at: flags.expire }),
      });
      const fingerprint = (await finish(call, operation, `Publishing ${typed}`)).metadata?.fingerprint;
      if (typeof fingerprint !== 'string') throw new CommandError('The server made the image but names no fingerprint');
      await putAliases(client, flags.alias, fingerprint);
      print(io, `Instance published with fingerprint: ${fingerprint}`);
    } finally {
      if (running) await changeState(call, name, { action: 'start', timeout: -1, force: false });
    }
  },
});
