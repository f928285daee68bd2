import { Controller, Get, Inject, Put } from '@nestjs/common';
import { LxError } from '#lib/contract';
import type { Store } from '#lib/store';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';
import { Call } from '../rim/call.ts';
import { SHUTDOWN, STORE } from '../tokens.ts';
import type { Shutdown } from './shutdown.ts';

/** For `lxctl admin`, on the unix socket alone. */
@Controller('internal')
export class InternalController {
  constructor(
    @Inject(SHUTDOWN) private readonly shutdown: Shutdown,
    @Inject(STORE) private readonly store: Store,
  ) {}

  /** Answered 503 by the gate until the daemon is ready. */
  @Get('ready')
  @Access('local')
  ready(): Answer {
    return Answer.sync();
  }

  /** Statements and commits of the database since the start: what a request costs, for tests and `npm run bench`. */
  @Get('traffic')
  @Access('local')
  traffic(): Answer {
    return Answer.sync(this.store.traffic);
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
