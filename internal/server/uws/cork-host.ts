import { connect, type Socket } from 'node:net';
import { logger } from '../../machinery/log.js';
import { type Response, type UWS, uws } from './native.js';

const log = logger('cork-host.ts');
/** A failure leaves no more behind than a warning on stderr for each WebSocket. */
const WHY = 'uWebSockets.js will warn of writes outside of a cork, which has no meaning';

/**
 * A request from this process to itself, over the loopback, that is never answered. Whatever is done in the cork of its
 * response is done in a cork to uWebSockets.js, which else warns on stderr; and it is not the cork of a response that is
 * being upgraded, whose memory it would look at afterwards (see `Listener.upgrade`).
 */
export class CorkHost {
  private readonly app: UWS.TemplatedApp;
  private response: Response | undefined;
  private client: Socket | undefined;

  constructor() {
    let listening: UWS.us_listen_socket | false = false;
    const closePort = (): void => {
      if (listening !== false) uws.us_listen_socket_close(listening);
      listening = false;
    };
    this.app = uws.App().any('/*', (res) => {
      closePort();
      if (this.response !== undefined) {
        res.end('', true);
        return;
      }
      this.response = res as Response;
      res.onAborted(() => {
        this.response = undefined;
      });
    });
    this.app.listen('127.0.0.1', 0, (token) => {
      listening = token;
      if (token === false) {
        log.info(`nothing can be opened on 127.0.0.1: ${WHY}`);
        return;
      }
      const client = connect(uws.us_socket_local_port(token), '127.0.0.1');
      client.on('error', (error) => {
        closePort();
        log.info(`127.0.0.1 cannot be reached (${error.message}): ${WHY}`);
      });
      client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      this.client = client;
    });
  }

  /** Calls `action` at once, in the cork where there is one. */
  run(action: () => void): void {
    if (this.response === undefined) action();
    else this.response.cork(action);
  }

  close(): void {
    this.response = undefined;
    this.client?.destroy();
    this.app.close();
  }
}
