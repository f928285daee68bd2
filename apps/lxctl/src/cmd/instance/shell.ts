import { instanceName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';
import { runCommand } from './exec.ts';

/**
 * A login as root whatever the system inside is: su where there is one and an account for it, else the plain shell, which
 * every image has.
 */
const login = 'if [ -s /etc/passwd ] && command -v su >/dev/null 2>&1; then exec su -l root; fi; cd / && exec sh -l';

export const verb = defineVerb({
  args: '<instance>',
  details: 'A login shell of root inside. Without a terminal it takes its commands from the standard input.',
  flags: {},
  async run(call) {
    const { io } = call;
    const pty = io.terminal.in && io.terminal.out;
    const options = { pty, stdin: true, environment: {}, cwd: '', user: 0, group: 0 };
    return runCommand(call, instanceName(call.args[0]), ['sh', '-c', login], options);
  },
});
