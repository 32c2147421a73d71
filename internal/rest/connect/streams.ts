import { strings } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { ApiRequest, BytesReply, HandlerReply } from '../types.js';
import type { Connections } from './connections.js';
import { goQuery } from './go-query.js';
import type { Kubelet } from './kubelet.js';
import { translate } from './translate.js';
import { tunnel } from './tunnel.js';
import { asksForWebSocket, offeredProtocols, passUpgradeOn, requireUpgrade } from './upgrade.js';

/** Protocol of exec and attach in which the end of stdin can be told. */
const STREAM_CLOSE = 'v5.channel.k8s.io';
/** SPDY within a WebSocket. */
const TUNNEL = 'SPDY/3.1+portforward.k8s.io';

/** The query with which a kubelet is asked, from the options of exec, attach or portforward. */
export function streamQuery(options: JsonObject): string {
  const asked: [string, string][] = [];
  const ports = numbers(options, 'ports');
  for (const word of strings(options, 'command')) asked.push(['command', word]);
  if (options['stdin'] === true) asked.push(['input', '1']);
  if (options['stdout'] === true) asked.push(['output', '1']);
  if (options['stderr'] === true) asked.push(['error', '1']);
  if (options['tty'] === true) asked.push(['tty', '1']);
  if (ports.length > 0) asked.push(['port', ports.join(',')]);
  return goQuery(asked);
}

function numbers(o: JsonObject, key: string): number[] {
  const list = o[key];
  return Array.isArray(list) ? list.filter((n) => typeof n === 'number') : [];
}

/**
 * Connects a client with what runs in a pod (exec, attach, portforward). Closing streams and tunnels end here, unless
 * the node says that its kubelet takes them; everything else is passed on. Throws what kube-apiserver answers.
 */
export async function podStreams(
  connections: Connections,
  request: ApiRequest,
  kubelet: Kubelet,
  path: string,
  options: JsonObject,
): Promise<HandlerReply> {
  requireUpgrade(request);
  const target = { url: `${kubelet.url}${path}`, tls: connections.kubelet };
  if (asksForWebSocket(request) && !kubelet.extendsWebSockets) {
    const offered = offeredProtocols(request);
    if (request.info.subresource === 'portforward') {
      if (offered.includes(TUNNEL)) return await tunnel(connections, request, target, TUNNEL);
    } else if (offered.includes(STREAM_CLOSE)) {
      const refused = badHandshake(request);
      if (refused !== undefined) return refused;
      return translate(connections, request, target, options, STREAM_CLOSE);
    }
  }
  return await passUpgradeOn(connections, request, target);
}

/** Why this is no handshake of a WebSocket, in the words of golang.org/x/net/websocket; undefined when it is one. */
function badHandshake(request: ApiRequest): BytesReply | undefined {
  const refused = (status: number, body: string, headers?: Record<string, string>): BytesReply => ({
    status,
    contentType: '',
    body,
    ...(headers === undefined ? {} : { headers }),
  });
  if (request.method !== 'GET') return refused(405, 'bad method');
  if (request.header('sec-websocket-key') === '') return refused(400, 'mismatch challenge/response');
  if (request.header('sec-websocket-version') !== '13') {
    return refused(400, 'missing or bad WebSocket Version', { 'Sec-WebSocket-Version': '13' });
  }
  return undefined;
}
