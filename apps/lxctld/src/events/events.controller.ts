import { Controller, Get } from '@nestjs/common';
import { LxError } from '#lib/contract';
import { Access } from '../rim/access.ts';

/** Reached only by a plain GET; websockets go to EventSockets. */
@Controller('1.0/events')
export class EventsController {
  @Get()
  @Access('trusted')
  show(): never {
    throw new LxError('request.websocket_needed');
  }
}
