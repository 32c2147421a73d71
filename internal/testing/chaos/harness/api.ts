import https from 'node:https';

/** Bearer token of a `system:masters` user that every replica of a run knows. */
export const TOKEN = 'chaos-admin-token';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The request never reached a server: nothing can have come of it. */
export class NotSentError extends Error {}

export interface CallOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Milliseconds until the caller gives up. */
  readonly timeoutMs: number;
  readonly agent?: https.Agent;
}

export function newAgent(): https.Agent {
  return new https.Agent({ keepAlive: true, maxSockets: 1 });
}

/** One request with the admin's token. Rejects with NotSentError, or with any other error when the outcome is open. */
export function call(url: string, options: CallOptions): Promise<Answer> {
  const { method = 'GET', timeoutMs, agent } = options;
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  return new Promise((resolve, reject) => {
    const request = https.request(url, {
      method,
      rejectUnauthorized: false,
      ...(agent === undefined ? { agent: false } : { agent }),
      headers: {
        authorization: `Bearer ${TOKEN}`,
        accept: 'application/json',
        ...(body === undefined
          ? {}
          : {
              'content-type': options.contentType ?? 'application/json',
              'content-length': Buffer.byteLength(body),
            }),
      },
    });
    const timer = setTimeout(() => request.destroy(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer);
      reject(error.code === 'ECONNREFUSED' ? new NotSentError(error.message) : error);
    };
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('close', () => {
        clearTimeout(timer);
        if (response.complete) resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        else reject(new Error('the answer broke off'));
      });
    });
    request.end(body);
  });
}

/** A stream of lines from a GET. */
export interface Lines {
  /** Ends it from our side. */
  close(): void;
}

export interface LinesHandlers {
  /** The answer has begun. */
  onOpen(status: number): void;
  onLine(line: string): void;
  /** Once, whatever the reason. `body` is what was no line: an error's Status. */
  onClose(reason: string, body: string): void;
}

/** Opens a watch. */
export function openLines(url: string, connectMs: number, handlers: LinesHandlers): Lines {
  let over = false;
  let rest = '';
  const finish = (reason: string): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    handlers.onClose(reason, rest);
  };
  const request = https.get(url, {
    agent: false,
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${TOKEN}`, accept: 'application/json' },
  });
  const timer = setTimeout(() => request.destroy(new Error(`no answer in ${connectMs} ms`)), connectMs);
  request.on('error', (error) => finish(error.message));
  request.on('response', (response) => {
    clearTimeout(timer);
    handlers.onOpen(response.statusCode ?? 0);
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      if (over) return;
      rest += chunk;
      for (let end = rest.indexOf('\n'); end >= 0 && !over; end = rest.indexOf('\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 1);
        handlers.onLine(line);
      }
    });
    response.on('error', (error) => finish(error.message));
    response.on('close', () => finish('closed by the server'));
  });
  return {
    close: () => {
      finish('closed by us');
      request.destroy();
    },
  };
}
