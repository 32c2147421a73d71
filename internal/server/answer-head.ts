import { warningHeaders } from '../rest/warnings.js';
import type { Reply } from '../rest/types.js';

/** What the head of an answer is written to. */
export interface HeadWriter {
  writeStatus(line: string): unknown;
  writeHeader(name: string, value: string): unknown;
}

const STATUS_LINES: Readonly<Record<number, string>> = {
  200: '200 OK',
  201: '201 Created',
  202: '202 Accepted',
  204: '204 No Content',
  301: '301 Moved Permanently',
  302: '302 Found',
  304: '304 Not Modified',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  406: '406 Not Acceptable',
  409: '409 Conflict',
  410: '410 Gone',
  413: '413 Request Entity Too Large',
  415: '415 Unsupported Media Type',
  422: '422 Unprocessable Entity',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  501: '501 Not Implemented',
  502: '502 Bad Gateway',
  503: '503 Service Unavailable',
  504: '504 Gateway Timeout',
};

const NONE: readonly (readonly [string, string])[] = [];

/** Status line and headers, but for Date and what frames the body. */
export function writeHead(
  res: HeadWriter,
  reply: Reply,
  auditId: string,
  more: readonly (readonly [string, string])[] = NONE,
): void {
  res.writeStatus(STATUS_LINES[reply.status] ?? `${reply.status} Status`);
  res.writeHeader('Audit-Id', auditId);
  const headers = reply.headers;
  const { passedOn } = reply;
  const cached =
    headers?.['Cache-Control'] !== undefined || passedOn?.some(([n]) => n.toLowerCase() === 'cache-control');
  if (cached !== true) res.writeHeader('Cache-Control', 'no-cache, private');
  if (reply.contentType !== '') res.writeHeader('Content-Type', reply.contentType);
  if (headers !== undefined) {
    for (const name in headers) res.writeHeader(name, headers[name] ?? '');
  }
  for (const [name, value] of passedOn ?? NONE) res.writeHeader(name, value);
  for (const [name, value] of more) res.writeHeader(name, value);
  if (reply.warnings !== undefined) {
    for (const warning of warningHeaders(reply.warnings)) res.writeHeader('Warning', warning);
  }
}
