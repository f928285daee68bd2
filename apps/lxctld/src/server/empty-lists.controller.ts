import { Controller, Get } from '@nestjs/common';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';

/** What LXD's clients ask every server for, and this version never has any of. True answers, so that they go on. */
@Controller('1.0')
export class EmptyListsController {
  @Get('certificates')
  @Access('trusted')
  certificates(): Answer {
    return Answer.sync([]);
  }

  @Get('warnings')
  @Access('admin')
  warnings(): Answer {
    return Answer.sync([]);
  }

  @Get('cluster')
  @Access('trusted')
  cluster(): Answer {
    const cluster = { server_name: '', enabled: false, member_config: [] };
    return Answer.sync(cluster, { etag: cluster });
  }
}
