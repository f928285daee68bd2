import { Controller, Get } from '@nestjs/common';
import { Access } from '../rim/access.ts';
import { Answer } from '../rim/answer.ts';

/** Lists that LXD's clients request from every server and that are always empty in this version. */
@Controller('1.0')
export class EmptyListsController {
  @Get('certificates')
  @Access('trusted')
  certificates(): Answer {
    return Answer.sync([]);
  }

  @Get('cluster')
  @Access('trusted')
  cluster(): Answer {
    const cluster = { server_name: '', enabled: false, member_config: [] };
    return Answer.sync(cluster, { etag: cluster });
  }
}
