import type { WarningSeverity, WarningStatus } from '../warnings.ts';

/** A warning as clients see it. Times are RFC 3339. */
export interface WireWarning {
  uuid: string;
  status: WarningStatus;
  severity: WarningSeverity;
  type: string;
  location: string;
  /** Empty: it is about no project. */
  project: string;
  /** How often it was given. */
  count: number;
  first_seen_at: string;
  last_seen_at: string;
  last_message: string;
  /** Of what it is about; empty: the server. */
  entity_url: string;
}

/** Body of PUT and PATCH on a warning. */
export interface WireWarningPut {
  status: string;
}
