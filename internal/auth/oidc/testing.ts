import { createServer, type Server } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT, type CryptoKey } from 'jose';
import { createAuthority, issue } from '../../pki/x509.js';

/** A small OpenID issuer over real TLS: its discovery document, its keys, and whatever tokens a test wants signed. */
export interface TestIssuer {
  readonly url: string;
  /** PEM of the authority of its certificate. */
  readonly ca: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Signs claims with the present key; `iss` is the issuer unless they say otherwise. */
  token(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  /** Makes a new key; those before it are served no more. */
  rotate(): Promise<void>;
  /** What it answers instead of its discovery document. */
  discovery: Record<string, unknown>;
  /** Leaves out the ids of keys. */
  withoutKeyIds: boolean;
  /** Keys that it serves before its own. */
  before: JWK[];
  close(): Promise<void>;
}

export async function startIssuer(alg = 'ES256'): Promise<TestIssuer> {
  const ca = await createAuthority('issuers');
  const pair = await issue(ca, { commonName: 'localhost', usages: ['server'], ips: ['127.0.0.1'] });
  let keys: JWK[] = [];
  let signer: CryptoKey;
  let kid = 0;
  const server: Server = createServer({ key: pair.key, cert: pair.cert }, (req, res) => {
    issuer.asked.push(req.url ?? '');
    res.setHeader('content-type', 'application/json');
    if (req.url === '/.well-known/openid-configuration') res.end(JSON.stringify(issuer.discovery));
    else if (req.url === '/keys') {
      const all = [...issuer.before, ...keys];
      res.end(JSON.stringify({ keys: issuer.withoutKeyIds ? all.map(({ kid: _id, ...key }) => key) : all }));
    } else res.writeHead(404).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const add = async (): Promise<JWK> => {
    const made = await generateKeyPair(alg, { extractable: true });
    signer = made.privateKey;
    kid++;
    return { ...(await exportJWK(made.publicKey)), kid: `k${kid}`, use: 'sig', alg };
  };
  const issuer: TestIssuer = {
    url,
    ca: ca.cert,
    asked: [],
    discovery: { issuer: url, jwks_uri: `${url}/keys` },
    withoutKeyIds: false,
    before: [],
    token: (claims, header = {}) =>
      new SignJWT({ iss: url, ...claims }).setProtectedHeader({ alg, kid: `k${kid}`, ...header }).sign(signer),
    async rotate() {
      keys = [await add()];
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  // Two keys: which of them signed must be found out.
  keys = [await add(), await add()];
  return issuer;
}
