import { Controller, Get, Inject, Put, Query } from '@nestjs/common';
import { Answer } from '../rim/answer.ts';
import { flag } from '../rim/query.ts';
import type { Query as QueryMap } from '../rim/request.ts';
import { SHUTDOWN } from '../tokens.ts';
import type { Shutdown } from './shutdown.ts';

/** For `lxctl admin`, on the unix socket alone. */
@Controller('internal')
export class InternalController {
  constructor(@Inject(SHUTDOWN) private readonly shutdown: Shutdown) {}

  /** Answered 503 by the gate until the daemon is ready. */
  @Get('ready')
  ready(): Answer {
    return Answer.sync();
  }

  /** Stops the instances, then the daemon. `force`: without waiting for operations, and killing the instances. */
  @Put('shutdown')
  stop(@Query() query: QueryMap): Answer {
    this.shutdown.request({ instances: flag(query, 'force') ? 'kill' : 'stop' });
    return Answer.sync();
  }
}
