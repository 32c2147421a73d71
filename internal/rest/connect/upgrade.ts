import type { OutgoingHttpHeaders } from 'node:http';
import { CallError, type OpenResponse, type Target } from '../../callout/index.js';
import { badRequest, StatusError } from '../../machinery/status.js';
import type { ApiRequest, HandlerReply, StreamReply } from '../types.js';
import type { WebSocketConnection } from '../web-socket.js';
import type { Connections } from './connections.js';
import { clientSignal, flow } from './flow.js';
import { answeredHeaders, forwardedHeaders, handshakeHeaders, withoutBody } from './headers.js';
import { splice } from './splice.js';
import { handshakeKey, WebSocketPeer } from './web-socket-peer.js';

const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;

/** Whether the client asks for another protocol (apimachinery's httpstream.IsUpgradeRequest). */
export function asksForUpgrade(request: ApiRequest): boolean {
  return request.header('connection').toLowerCase().includes('upgrade');
}

/** Whether that protocol is WebSocket. */
export function asksForWebSocket(request: ApiRequest): boolean {
  return asksForUpgrade(request) && request.header('upgrade').toLowerCase() === 'websocket';
}

/** The subprotocols that the client offers, in its order. */
export function offeredProtocols(request: ApiRequest): string[] {
  return request
    .header('sec-websocket-protocol')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/**
 * Asks the other side for the protocol that the client asks for, and joins the two connections: their bytes where the
 * client's can be had, the messages of WebSockets elsewhere, and nothing else is to be had there (501). `sent` are the
 * headers that go along, without those of the handshake. What the other side refuses is answered as it said it. Throws 500
 * where there is no answer.
 */
export async function passUpgradeOn(
  { callout, spdyPort }: Pick<Connections, 'callout' | 'spdyPort'>,
  request: ApiRequest,
  target: Target,
  sent: OutgoingHttpHeaders = forwardedHeaders(request),
): Promise<HandlerReply> {
  const isWebSocket = asksForWebSocket(request);
  const { key, accept } = handshakeKey();
  const handshake =
    request.handsOver === true
      ? handshakeHeaders(request)
      : isWebSocket
        ? { 'sec-websocket-key': key, 'sec-websocket-version': '13' }
        : {};
  const headers = { ...withoutBody(sent), upgrade: request.header('upgrade'), ...handshake };
  const call = { method: request.method, headers, signal: clientSignal(request) };
  const answer = await callout.upgrade(target, call).catch(dialFailure);
  if ('refused' in answer) return refusal(answer.refused);
  const { socket, head, headers: told, rawHeaders } = answer.upgraded;
  if (request.handsOver === true) {
    return {
      status: 101,
      contentType: '',
      rawHeaders,
      handOver: (connection, first) => splice(connection, first, socket, head),
      abandoned: () => socket.destroy(),
    };
  }
  if (!isWebSocket) {
    socket.destroy();
    throw noRawConnection(request.header('upgrade'), spdyPort);
  }
  if (told['sec-websocket-accept'] !== accept) {
    socket.destroy();
    throw new StatusError(500, '', 'mismatch challenge/response');
  }
  const other = new WebSocketPeer(socket, head);
  return {
    status: 101,
    contentType: '',
    passedOn: answeredHeaders(rawHeaders, (name) => name !== 'sec-websocket-protocol'),
    protocol: told['sec-websocket-protocol'] ?? '',
    accept: (client) => bridge(client, other),
    abandoned: () => other.destroy(),
  };
}

/**
 * uWebSockets.js hands out WebSockets and no raw connections. Clients that only speak SPDY are told what does work; the
 * other side was asked first, so that what it would have refused is told instead. `port` is where raw connections are to be
 * had, 0 for nowhere.
 */
function noRawConnection(protocol: string, port = 0): StatusError {
  return new StatusError(
    501,
    '',
    `upgrades to ${protocol} are not implemented on this port, WebSockets are: use kubectl 1.31 or newer, or set ` +
      'KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true (1.29 and newer) and KUBECTL_PORT_FORWARD_WEBSOCKETS=true (1.30), or ' +
      (port === 0 ? 'have this server started with --spdy-bind-port, and use that port' : `use port ${port}`),
  );
}

/** As kube-apiserver's UpgradeAwareHandler tells why there is no connection. */
export function dialFailure(error: unknown): never {
  if (!(error instanceof CallError)) throw error;
  const { failure, reason } = error;
  if (failure === 'protocol') throw new StatusError(500, '', reason === 'EOF' ? 'unexpected EOF' : reason);
  throw new StatusError(500, '', `error dialing backend: ${reason}`);
}

/** The other side's own answer to an upgrade that it refuses. */
export function refusal({ status, headers, rawHeaders, body }: OpenResponse): StreamReply {
  if (status < 400) {
    body.destroy();
    throw new StatusError(500, '', `invalid upgrade response: status code ${status}`);
  }
  return {
    status,
    contentType: headers['content-type'] ?? '',
    passedOn: answeredHeaders(rawHeaders),
    stream: (sink) => flow(body, sink, true),
    abandoned: () => body.destroy(),
  };
}

/** 400 unless the client asks for another protocol. */
export function requireUpgrade(request: ApiRequest): void {
  if (!asksForUpgrade(request)) throw badRequest('Upgrade request required');
}

/** Passes messages on, both ways; each side is held back while the other does not read, as far as it can be. */
function bridge(client: WebSocketConnection, other: WebSocketPeer): void {
  let drained: (() => void) | undefined;
  client.onDrain(() => other.resume());
  client.onClose((code) => {
    drained?.();
    other.close(code === GOING_AWAY ? GOING_AWAY : code);
  });
  other.start({
    message: (message, isBinary) => {
      if (!client.send(isBinary ? message : message.toString())) other.pause();
    },
    drain: () => {
      drained?.();
      drained = undefined;
    },
    close: (code, reason) => {
      drained?.();
      client.close(isSendable(code) ? code : INTERNAL_ERROR, reason);
    },
  });
  client.onMessage((message, isBinary) => {
    if (other.send(message, isBinary)) return undefined;
    return new Promise<void>((resolve) => {
      drained = resolve;
    });
  });
}

/** Codes that may stand in a close frame (RFC 6455, 7.4). */
function isSendable(code: number): boolean {
  return code >= 1000 && code < 5000 && code !== 1004 && code !== 1005 && code !== 1006 && code !== 1015;
}
