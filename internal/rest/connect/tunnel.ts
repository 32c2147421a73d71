import type { Duplex } from 'node:stream';
import type { Target } from '../../callout/index.js';
import type { ApiRequest, HandlerReply } from '../types.js';
import type { WebSocketConnection } from '../web-socket.js';
import type { Connections } from './connections.js';
import { clientSignal } from './flow.js';
import { forSpdy } from './headers.js';
import { dialFailure, refusal } from './upgrade.js';

const SPDY = 'SPDY/3.1';
const NORMAL = 1000;
const PROTOCOL_ERROR = 1002;

/**
 * Lets a client speak SPDY with a kubelet through a WebSocket: what the messages hold are the bytes of the connection
 * (apiserver's TunnelingHandler). `protocol` is the WebSocket's, of which the part behind SPDY/3.1+ is the kubelet's.
 */
export async function tunnel(
  { callout }: Connections,
  request: ApiRequest,
  target: Target,
  protocol: string,
): Promise<HandlerReply> {
  const headers = {
    ...forSpdy(request),
    upgrade: SPDY,
    'x-stream-protocol-version': protocol.slice(`${SPDY}+`.length),
  };
  const call = { method: 'POST', headers, signal: clientSignal(request) };
  const answer = await callout.upgrade(target, call).catch(dialFailure);
  if ('refused' in answer) return refusal(answer.refused);
  const { socket, head } = answer.upgraded;
  socket.on('error', () => undefined); // `close` comes as well
  return {
    status: 101,
    contentType: '',
    protocol,
    accept: (client) => connect(client, socket, head),
    abandoned: () => socket.destroy(),
  };
}

/** Bytes of the one are messages of the other; each is held back while the other does not read. */
function connect(client: WebSocketConnection, socket: Duplex, head: Buffer): void {
  let drained: (() => void) | undefined;
  const goOn = (): void => {
    drained?.();
    drained = undefined;
  };
  const pass = (chunk: Buffer): void => {
    if (!client.send(chunk)) socket.pause();
  };
  client.onDrain(() => socket.resume());
  client.onClose(() => {
    goOn();
    socket.destroy();
  });
  socket.on('drain', goOn);
  socket.on('end', () => socket.end());
  socket.on('close', () => {
    goOn();
    client.close(NORMAL);
  });
  if (head.length > 0) pass(head);
  socket.on('data', pass);
  client.onMessage((message, isBinary) => {
    if (!isBinary) {
      client.close(PROTOCOL_ERROR, 'only binary messages are tunneled');
      return undefined;
    }
    if (socket.destroyed || socket.write(message)) return undefined;
    return new Promise<void>((resolve) => {
      drained = resolve;
    });
  });
}
