import { CallError, type OpenResponse, type Target } from '../../callout/index.js';
import { serviceUnavailable } from '../../machinery/status.js';
import type { ApiRequest, HandlerReply } from '../types.js';
import type { Connections } from './connections.js';
import { clientSignal, flow } from './flow.js';
import { answeredHeaders, forwardedHeaders } from './headers.js';
import { isHtml, rewriteHtml } from './html.js';
import { joined, type Place, rewritten } from './places.js';
import { subpath } from './options.js';
import type { ProxyTarget } from './proxy-target.js';
import { asksForUpgrade, passUpgradeOn } from './upgrade.js';

const REDIRECT = 301;

/** Percent-encodes a path as Go's url.URL.EscapedPath. */
function encodedPath(path: string): string {
  return encodeURIComponent(path)
    .replace(/%(2F|24|26|2B|2C|3A|3B|3D|40)/g, (escape) => decodeURIComponent(escape))
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * Passes a request on to a node, pod or service, and its answer back (apimachinery's UpgradeAwareHandler): bodies as
 * they come, upgrades to WebSockets too; places that the answer names are rewritten to lie behind the proxy. Throws 503
 * where nobody answers.
 */
export async function proxy(
  connections: Connections,
  request: ApiRequest,
  { url, tls }: ProxyTarget,
): Promise<HandlerReply> {
  const rest = subpath(request);
  const path = rest === '' ? '' : joined(rest);
  const query = request.rawQuery ?? '';
  const search = query === '' ? '' : `?${query}`;
  const target: Target = { url: `${url}${encodedPath(path)}${search}`, tls };
  if (asksForUpgrade(request)) return await passUpgradeOn(connections, request, target);
  if (path === '' && (request.method === 'GET' || request.method === 'HEAD')) {
    const Location = `${encodedPath(request.path)}/${search}`;
    return { status: REDIRECT, contentType: '', headers: { Location }, body: '' };
  }
  const prefix = request.path.endsWith(path) ? request.path.slice(0, request.path.length - path.length) : request.path;
  const headers = { ...forwardedHeaders(request), 'x-forwarded-uri': joined(encodedPath(prefix), encodedPath(path)) };
  const body = request.openBody?.();
  const signal = clientSignal(request);
  const call = { method: request.method, headers, signal, ...(body === undefined ? {} : { body }) };
  const answer = await connections.callout.open(target, call).catch(unreachable);
  const place: Place = { prefix: prefix.replace(/\/$/, ''), backend: new URL(url).host, asked: request.header('host') };
  return replyOf(request, answer, place);
}

function replyOf(request: ApiRequest, answer: OpenResponse, place: Place): HandlerReply | Promise<HandlerReply> {
  const { status, headers, rawHeaders, body } = answer;
  const contentType = headers['content-type'] ?? '';
  const { location } = headers;
  const kept = answeredHeaders(rawHeaders, (name) => name !== 'location');
  const lines = location === undefined ? kept : [...kept, ['Location', rewritten(location, place)] as const];
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    body.resume();
    return { status, contentType, passedOn: lines, body: '' };
  }
  if (location === undefined && isHtml(headers))
    return rewriteHtml({ status, contentType, passedOn: lines }, answer, place);
  return {
    status,
    contentType,
    passedOn: lines,
    stream: (sink) => flow(body, sink, true),
    abandoned: () => body.destroy(),
  };
}

/** As apimachinery's proxy tells that nobody answers. */
function unreachable(error: unknown): never {
  if (error instanceof CallError) throw serviceUnavailable(`error trying to reach service: ${error.reason}`);
  throw error;
}
