import { Controller, Get, Inject, Put } from '@nestjs/common';
import { LxError } from '#lib/contract';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { SHUTDOWN } from '../tokens.ts';
import type { Shutdown } from './shutdown.ts';

/** For `lxctl admin`, on the unix socket alone. */
@Controller('internal')
export class InternalController {
  constructor(@Inject(SHUTDOWN) private readonly shutdown: Shutdown) {}

  /** Answered 503 by the gate until the daemon is ready. */
  @Get('ready')
  @Access('local')
  ready(): Answer {
    return Answer.sync();
  }

  /**
   * Stops the instances, then the daemon. `force`: without waiting for operations, and killing the instances. Answered when
   * all is stopped but the socket; what could not be stopped or written down is the error.
   */
  @Put('shutdown')
  @Access('local')
  async stop(@Call() call: Call): Promise<Answer> {
    const problems = await this.shutdown.request({ instances: call.flag('force') ? 'kill' : 'stop' });
    if (problems.length > 0) throw new LxError('server.stopped_badly', { problems: [...problems] });
    return Answer.sync();
  }
}
