import type { OutgoingHttpHeaders } from 'node:http';
import { CallError, type Target } from '../../callout/index.js';
import { children, str } from '../../machinery/access.js';
import { isObject, type JsonObject } from '../../machinery/json.js';
import { internalError, StatusError } from '../../machinery/status.js';
import type { ApiRequest } from '../types.js';
import type { UpgradeReply, WebSocketConnection } from '../web-socket.js';
import type { Connections } from './connections.js';
import { forSpdy } from './headers.js';
import { beginningOf } from './server-response.js';
import { SpdyConnection, type SpdyStream } from './spdy/connection.js';

/** Channels of a WebSocket: the first byte of each message. */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
/** A message of this channel says that the one in its second byte has ended. */
const CLOSE = 255;
/** With exit codes; every kubelet since 1.4 speaks it. */
const KUBELET_PROTOCOL = 'v4.channel.k8s.io';
/** Bytes of a Status on the error stream. */
const MAX_STATUS_BYTES = 64 * 1024;
const NORMAL = 1000;
/** Of an empty message. */
const UNKNOWN = -1;

/**
 * Exec and attach of a client that can tell the end of stdin (v5.channel.k8s.io), with a kubelet that is told so by
 * SPDY/3.1 (apiserver's StreamTranslatorHandler). The WebSocket is accepted first: what the kubelet refuses is a Status
 * on the error channel.
 */
export function translate(
  connections: Connections,
  request: ApiRequest,
  target: Target,
  options: JsonObject,
  protocol: string,
): UpgradeReply {
  // Read now: of a connection that has been upgraded the request is gone.
  const headers = forSpdy(request);
  return {
    status: 101,
    contentType: '',
    protocol,
    accept: (client) => {
      const session = new Session(client, options, headers);
      void session.run(connections, target);
    },
  };
}

/** One client and what it runs. */
class Session {
  private readonly abort = new AbortController();
  private connection: SpdyConnection | undefined;
  private stdin: SpdyStream | undefined;
  private resize: SpdyStream | undefined;
  private drained: (() => void) | undefined;
  /** Streams that have not ended. */
  private open = 0;
  private status = '';
  private over = false;
  private ready: () => void = () => undefined;
  /** Messages wait until the streams are there. */
  private readonly started = new Promise<void>((resolve) => {
    this.ready = resolve;
  });

  constructor(
    private readonly client: WebSocketConnection,
    private readonly options: JsonObject,
    private readonly headers: OutgoingHttpHeaders,
  ) {}

  async run(connections: Connections, target: Target): Promise<void> {
    const { client } = this;
    client.onClose(() => this.left());
    client.onDrain(() => this.connection?.resume());
    client.onMessage((message) => this.message(message));
    // The client sees that the connection stands.
    this.send(this.options['stdout'] === true ? STDOUT : this.options['stderr'] === true ? STDERR : ERROR);
    try {
      await this.connect(connections, target);
      this.ready();
    } catch (error) {
      this.end(statusOf(error));
    }
  }

  private async connect({ callout }: Connections, target: Target): Promise<void> {
    const headers = {
      ...this.headers,
      upgrade: 'SPDY/3.1',
      'x-stream-protocol-version': KUBELET_PROTOCOL,
    };
    const answer = await callout.upgrade(target, { method: 'POST', headers, signal: this.abort.signal });
    if ('refused' in answer) throw refused(await beginningOf(answer.refused.body));
    const { socket, head } = answer.upgraded;
    const connection = new SpdyConnection(socket, head, {
      drain: () => this.goOn(),
      close: () => this.end(internalError('connection closed').status),
    });
    this.connection = connection;
    if (this.over) {
      connection.close();
      return;
    }
    const tty = this.options['tty'] === true;
    const { options } = this;
    // All are opened at once, in the order of client-go; the kubelet waits for as many as it was told of.
    const opening = [this.openError(connection)];
    if (options['stdin'] === true) opening.push(this.openStdin(connection));
    if (options['stdout'] === true) opening.push(this.openOutput(connection, 'stdout', STDOUT));
    if (options['stderr'] === true && !tty) opening.push(this.openOutput(connection, 'stderr', STDERR));
    if (tty) opening.push(this.openResize(connection));
    await Promise.all(opening);
  }

  private async openError(connection: SpdyConnection): Promise<void> {
    this.open++;
    await connection.open(
      { streamType: 'error' },
      {
        data: (chunk) => {
          if (this.status.length < MAX_STATUS_BYTES) this.status += chunk.toString();
        },
        end: () => this.ended(),
      },
    );
  }

  private async openOutput(connection: SpdyConnection, streamType: string, channel: number): Promise<void> {
    this.open++;
    await connection.open(
      { streamType },
      {
        data: (chunk) => this.send(channel, chunk),
        end: () => this.ended(),
      },
    );
  }

  private async openStdin(connection: SpdyConnection): Promise<void> {
    this.stdin = await connection.open({ streamType: 'stdin' }, {});
  }

  private async openResize(connection: SpdyConnection): Promise<void> {
    this.resize = await connection.open({ streamType: 'resize' }, {});
  }

  private send(channel: number, chunk: Buffer = NOTHING): void {
    if (this.client.closed || this.over) return;
    const message = Buffer.allocUnsafe(chunk.length + 1);
    message[0] = channel;
    chunk.copy(message, 1);
    if (!this.client.send(message)) this.connection?.pause();
  }

  private async message(message: Buffer): Promise<void> {
    await this.started;
    const payload = message.subarray(1);
    let flowing = true;
    switch (message[0] ?? UNKNOWN) {
      case STDIN:
        if (payload.length > 0) flowing = this.stdin?.write(payload) ?? true;
        break;
      case RESIZE:
        if (payload.length > 0) flowing = this.resize?.write(payload) ?? true;
        break;
      case CLOSE:
        if (payload[0] === STDIN) {
          this.stdin?.end();
          this.stdin = undefined;
        }
        break;
      default:
      // kube-apiserver takes no notice of what it does not know.
    }
    if (flowing || this.over) return;
    await new Promise<void>((resolve) => {
      this.drained = resolve;
    });
  }

  private goOn(): void {
    this.drained?.();
    this.drained = undefined;
  }

  /** One of the streams that the kubelet writes has ended; the last one ends the session. */
  private ended(): void {
    this.open--;
    if (this.open === 0) this.end(exitStatus(this.status));
  }

  /** Tells how it ended, and closes. */
  private end(status: object): void {
    if (this.over) return;
    this.send(ERROR, Buffer.from(JSON.stringify(status)));
    this.client.close(NORMAL);
    this.left();
  }

  private left(): void {
    this.over = true;
    this.ready();
    this.goOn();
    this.abort.abort();
    this.connection?.close();
  }
}
const NOTHING = Buffer.alloc(0);

/** What the kubelet said on its error stream, as a client of kube-apiserver is told. */
function exitStatus(text: string): object {
  if (text === '') return { metadata: {}, status: 'Success' };
  let status: JsonObject;
  try {
    const parsed: unknown = JSON.parse(text);
    if (!isObject(parsed as JsonObject)) throw new Error('it is no object');
    status = parsed as JsonObject;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return internalError(`error stream protocol error: ${why} in ${JSON.stringify(text)}`).status;
  }
  if (status['status'] === 'Success') return { metadata: {}, status: 'Success' };
  if (status['reason'] !== 'NonZeroExitCode') return internalError(str(status, 'message')).status;
  const causes = children(isObject(status['details']) ? status['details'] : {}, 'causes');
  const code = str(
    causes.find((cause) => cause['reason'] === 'ExitCode'),
    'message',
  );
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: command terminated with exit code ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: code }] },
  };
}

/** What a kubelet answered instead of taking the connection: its Status, or its text. */
function refused(text: string): Error {
  try {
    const status: unknown = JSON.parse(text);
    if (isObject(status as JsonObject) && (status as JsonObject)['kind'] === 'Status')
      return new RefusedError(status as JsonObject);
  } catch {
    // It is a text.
  }
  return new Error(`unable to upgrade connection: ${text.trim()}`);
}

class RefusedError extends Error {
  constructor(readonly status: JsonObject) {
    super(str(status, 'message'));
  }
}

function statusOf(error: unknown): object {
  if (error instanceof RefusedError || error instanceof StatusError) return error.status;
  if (error instanceof CallError) {
    return internalError(
      error.failure === 'dial' || error.failure === 'tls' ? `error dialing backend: ${error.reason}` : error.reason,
    ).status;
  }
  return internalError(error instanceof Error ? error.message : String(error)).status;
}
