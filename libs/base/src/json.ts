/** What can be kept in a jsonb column or sent on the wire unchanged. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
/** LXD's `config` maps: every value is text. */
export type StringMap = Record<string, string>;
/** LXD's `devices` maps: device name to its options, `type` among them. */
export type DeviceMap = Record<string, StringMap>;
