// What a proxy must know of headers, by lower-case name, whoever it is a proxy for.

/** Headers that are between two neighbours and are not passed on (RFC 9110 section 7.6.1; Go's net/http/httputil). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Answers of another server do not decide who may read this one's (apimachinery's corsRemovingTransport). */
export const CORS: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
]);

/** The headers that a value of `Connection` names: they are between two neighbours too. */
export const namesOfConnection = (value: string): string[] => value.split(',').map((name) => name.trim().toLowerCase());
