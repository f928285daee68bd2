import { IsString } from 'class-validator';
import type { WireWarningPut } from '../wire/warning.ts';

export class WarningPutBody implements WireWarningPut {
  @IsString()
  status = '';
}
