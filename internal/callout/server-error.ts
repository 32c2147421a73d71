import type { IncomingHttpHeaders } from 'node:http';

/* What client-go says of an answer that is an error (apimachinery's NewGenericServerResponse). */

/** Bytes of the body that may stand in the message. */
const MAX_BODY_BYTES = 2048;

const TEXTS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

function isText(headers: IncomingHttpHeaders): boolean {
  const type = headers['content-type'] ?? '';
  return type === '' || type.trim().toLowerCase().startsWith('text/');
}

/** The message of a Failure that the body holds, if it is a metav1.Status. */
function statusMessage(body: Buffer): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { kind = 'Status', apiVersion = 'v1', status, message } = parsed as Record<string, unknown>;
    if (kind !== 'Status' || apiVersion !== 'v1' || status !== 'Failure') return undefined;
    return typeof message === 'string' ? message : '';
  } catch {
    return undefined; // no JSON, and so no Status
  }
}

/** The text of the error that client-go makes of an answer; undefined when the answer is none (200 to 206). */
export function serverError(status: number, headers: IncomingHttpHeaders, body: Buffer): string | undefined {
  if (status >= 200 && status <= 206) return undefined;
  if (body.length > 0) {
    const own = statusMessage(body);
    if (own !== undefined) return own;
  }
  const said = body.length > 0 && isText(headers) ? body.subarray(0, MAX_BODY_BYTES).toString().trim() : 'unknown';
  switch (status) {
    case 403:
    case 415:
      return said;
    case 406:
      return said === '' || said === 'unknown'
        ? 'the server was unable to respond with a content type that the client supports'
        : said;
    default:
      break;
  }
  const known = TEXTS[status];
  if (known !== undefined) return known;
  if (status >= 500)
    return `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`;
  return `the server responded with the status code ${status} but did not return more information`;
}

/** Seconds that an answer asks the client to wait before it tries again; undefined when it does not. */
export function retryAfter(status: number, headers: IncomingHttpHeaders): number | undefined {
  if (status !== 429 && status < 500) return undefined;
  const value = headers['retry-after'];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
