/**
 * Capabilities no instance gets, although its user namespace would confine them: they have no use inside one and have
 * been the way in of kernel bugs (capabilities(7) has the numbers).
 */
export const droppedCapabilities: readonly number[] = [
  16, // SYS_MODULE
  17, // SYS_RAWIO
  25, // SYS_TIME
  32, // MAC_OVERRIDE
  33, // MAC_ADMIN
  35, // WAKE_ALARM
  36, // BLOCK_SUSPEND
];
