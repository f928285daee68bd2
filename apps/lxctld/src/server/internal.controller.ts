import { Controller, Get, Inject, Put } from '@nestjs/common';
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

  /** Stops the instances, then the daemon. `force`: without waiting for operations, and killing the instances. */
  @Put('shutdown')
  @Access('local')
  stop(@Call() call: Call): Answer {
    this.shutdown.request({ instances: call.flag('force') ? 'kill' : 'stop' });
    return Answer.sync();
  }
}
