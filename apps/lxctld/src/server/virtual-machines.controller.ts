import { All, Controller, Get, Post } from '@nestjs/common';
import { LxError } from '#lib/contract';
import { Answer } from '../rim/answer.ts';

/** LXD's second name for some instances. This server has none of them. */
@Controller('1.0/virtual-machines')
export class VirtualMachinesController {
  @Get()
  list(): Answer {
    return Answer.sync([]);
  }

  @Post()
  create(): never {
    throw new LxError('request.unsupported', { what: 'virtual machines' });
  }

  @All('*')
  missing(): never {
    throw new LxError('instance.not_found');
  }
}
