import { Controller, Get } from '@nestjs/common';
import { LxError } from '#lib/contract';
import { Access } from '../rim/access.ts';

/** Answers requests that are no upgrades; those are handled by `sftpConnections`. */
@Controller('1.0/instances/:name/sftp')
export class SftpController {
  @Get()
  @Access('operate-instances')
  connect(): never {
    throw new LxError('request.invalid', { problems: ['Missing or invalid upgrade header'] });
  }
}
