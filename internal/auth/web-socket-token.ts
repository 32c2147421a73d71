/** A subprotocol of this beginning is no protocol, but a token: scripts in browsers can set no other header of a WebSocket. */
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';
const PROTOCOLS = 'sec-websocket-protocol';
/** No token is like this one. */
const NO_GOOD = '\0';

const offered = (header: string): string[] => header.split(',').map((name) => name.trim());
const isToken = (name: string): boolean => name.startsWith(TOKEN_PROTOCOL);

/**
 * The bearer token among the subprotocols that a WebSocket's client offers, '' when there is none (apiserver's
 * ProtocolAuthenticator). Of several, of one that cannot be read, and of one beside which no protocol is left, what comes
 * is nobody's token: such a request is refused rather than taken for one without credentials.
 */
export function webSocketToken(request: {
  header(name: string): string;
  headerValues(name: string): readonly string[];
}): string {
  if (request.header('upgrade').toLowerCase() !== 'websocket') return '';
  const names = request.headerValues(PROTOCOLS).flatMap(offered);
  const [token, ...more] = names.filter(isToken);
  if (token === undefined) return '';
  const encoded = token.slice(TOKEN_PROTOCOL.length);
  if (more.length > 0 || names.length === 1 || !/^[\w-]+$/.test(encoded)) return NO_GOOD;
  return Buffer.from(encoded, 'base64url').toString();
}

/** Headers, names and values one after the other, without such a token: it is nobody's behind the authentication. */
export function withoutWebSocketToken(headers: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]];
    if (name !== PROTOCOLS || !value.includes(TOKEN_PROTOCOL)) kept.push(name, value);
    else
      kept.push(
        name,
        offered(value)
          .filter((one) => !isToken(one))
          .join(', '),
      );
  }
  return kept;
}
