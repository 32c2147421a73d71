import type { Credentials } from '../auth/authenticator.js';
import type { UserInfo } from '../auth/types.js';
import type { ApiRequest, RequestInfo } from '../rest/types.js';
import type { Incoming } from './door.js';

/** One request as the chain and the verbs see it. The query is parsed only when somebody asks for it. */
export class ServerRequest implements ApiRequest, Credentials {
  user: UserInfo;
  private parsedQuery: URLSearchParams | undefined;

  constructor(
    readonly incoming: Incoming,
    readonly path: string,
    readonly info: RequestInfo,
    user: UserInfo,
  ) {
    this.user = user;
  }

  get method(): string {
    return this.incoming.method;
  }
  get body(): Buffer {
    return this.incoming.body;
  }
  get peerCertificate(): string {
    return this.incoming.peerCertificate;
  }
  get query(): URLSearchParams {
    this.parsedQuery ??= new URLSearchParams(this.incoming.rawQuery);
    return this.parsedQuery;
  }
  get remoteAddress(): string {
    const host = this.header('host');
    return `https://${host === '' ? 'localhost' : host}`;
  }

  header(name: string): string {
    const headers = this.incoming.headers;
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === name) return headers[i + 1] ?? '';
    }
    return '';
  }

  headerValues(name: string): string[] {
    const headers = this.incoming.headers;
    const values: string[] = [];
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === name) values.push(headers[i + 1] ?? '');
    }
    return values;
  }

  headersWithPrefix(prefix: string): [string, string][] {
    const headers = this.incoming.headers;
    const found: [string, string][] = [];
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? '';
      if (name.startsWith(prefix)) found.push([name, headers[i + 1] ?? '']);
    }
    return found;
  }
}
