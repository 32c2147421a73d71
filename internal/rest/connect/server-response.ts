import type { Readable } from 'node:stream';
import { badRequest, internalError, StatusError, type StatusReason } from '../../machinery/status.js';

/** What is read of an answer to find out what went wrong. */
const MAX_TEXT_BYTES = 50_000;

/** By code: reason and text of apimachinery's NewGenericServerResponse; '' stands for what the server itself said. */
const ANSWERS: Readonly<Record<number, readonly [StatusReason, string]>> = {
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  403: ['Forbidden', ''],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  406: ['NotAcceptable', ''],
  409: ['Conflict', 'the server reported a conflict'],
  415: ['UnsupportedMediaType', ''],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
};

/**
 * What a client is told when the kubelet refused (apiserver's GenericHttpResponseChecker): `resource` is `pods/log`, and
 * `text` what the kubelet said.
 */
export function serverResponse(code: number, resource: string, name: string, text: string): StatusError {
  if (code === 500) return internalError(text);
  if (code === 400) return badRequest(text);
  const known = ANSWERS[code];
  let [reason, message] = known ?? [
    '',
    `the server responded with the status code ${code} but did not return more information`,
  ];
  if (known === undefined && code >= 500) {
    reason = 'InternalError';
    message = `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`;
  }
  if (message === '') message = text;
  return new StatusError(code, reason, `${message} ( ${resource} ${name})`, { name, kind: resource });
}

/** The beginning of a body as text; the rest is not read. */
export async function beginningOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MAX_TEXT_BYTES) break;
    }
  } catch {
    // What came before it broke off is all there is to tell.
  }
  body.destroy();
  return Buffer.concat(chunks).subarray(0, MAX_TEXT_BYTES).toString();
}
