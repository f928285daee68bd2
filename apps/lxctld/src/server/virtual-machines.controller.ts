import { All, Controller, Get, Post } from '@nestjs/common';
import { LxError } from '#lib/contract';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';

/** LXD's older path of virtual machines. This server has no virtual machines. */
@Controller('1.0/virtual-machines')
export class VirtualMachinesController {
  @Get()
  @Access('view')
  list(): Answer {
    return Answer.sync([]);
  }

  @Post()
  @Access('manage-instances')
  create(): never {
    throw new LxError('request.unsupported', { what: 'virtual machines' });
  }

  @All('*')
  @Access('view')
  missing(): never {
    throw new LxError('instance.not_found');
  }
}
