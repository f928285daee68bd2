import { Controller, Get } from '@nestjs/common';
import { LxError } from '#lib/contract';
import { Access } from '../rim/access.ts';

/** Answers requests that are no websocket upgrades; those are handled by EventSockets. */
@Controller('1.0/events')
export class EventsController {
  @Get()
  @Access('trusted')
  show(): never {
    throw new LxError('request.websocket_needed');
  }
}
