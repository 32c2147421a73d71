import { connect } from 'node:tls';
import { children, num, strings } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import type { KeyPair } from '../pki/x509.js';
import type { ApiClient } from './api-client.js';
import { urlHost } from './kubeadm-config.js';
import { clusterState } from './members.js';
import type { AuthorityName, Stage } from './rotate-ca.js';

/** For one machine to show that it believes the new authority, or is known by it. */
const ANSWER_MS = 5_000;
const SLICE = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes';
/** What a server answers only when it has taken our certificate: HTTP/2 settings, or an HTTP/1.1 answer. */
const GREETING = 'GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

interface Knock {
  readonly address: string;
  /** What the other side must be signed by; undefined for anything. */
  readonly ca?: string;
  /** What we show. */
  readonly client: KeyPair;
  readonly http2: boolean;
}

/**
 * Throws FatalError, naming the machines, unless every one of the control plane has done the stage before: for `issue` each
 * must take a certificate that the new authority signed, for `finish` each must show one.
 */
export async function checkOthers(
  name: AuthorityName,
  stage: Stage,
  next: KeyPair | undefined,
  own: KeyPair,
  client: ApiClient,
): Promise<void> {
  if (stage === 'trust' || next === undefined) return;
  // A front proxy's certificate is shown by nobody who could be asked for it.
  if (stage === 'finish' && name === 'front-proxy-ca') return;
  const { issue } = await import('../pki/x509.js');
  const isPeer = name === 'peer-ca';
  const addresses = isPeer ? (await clusterState(client)).members.map((m) => m.address) : await apiServers(client);
  const shown =
    stage === 'issue' ? await issue(next, { commonName: 'quorate-rotation', usages: ['client', 'server'] }, 1) : own;
  const failed: string[] = [];
  for (const address of addresses) {
    const ca = stage === 'finish' ? { ca: next.cert } : {};
    const why = await knock({ address, client: shown, http2: isPeer, ...ca });
    if (why !== undefined) failed.push(`${address} (${why})`);
  }
  if (failed.length === 0) return;
  const what =
    stage === 'issue' ? 'do not believe the new authority yet' : 'do not show a certificate of the new authority yet';
  throw new FatalError(`these machines ${what}: ${failed.join(', ')}. Do the stage before this on them first.`);
}

async function apiServers(client: ApiClient): Promise<string[]> {
  const slice = await client.get(SLICE);
  const port = num(children(slice, 'ports')[0], 'port') ?? 6443;
  return children(slice, 'endpoints').flatMap((endpoint) =>
    strings(endpoint, 'addresses').map((ip) => urlHost(ip, port)),
  );
}

/** Undefined when the other side takes us and is who it should be, else why not. */
function knock({ address, ca, client, http2 }: Knock): Promise<string | undefined> {
  const at = address.lastIndexOf(':');
  return new Promise((resolve) => {
    const socket = connect({
      host: address.slice(0, at).replace(/^\[|\]$/g, ''),
      port: Number(address.slice(at + 1)),
      cert: client.cert,
      key: client.key,
      rejectUnauthorized: ca !== undefined,
      ...(ca === undefined ? {} : { ca }),
      // Who it is, is not asked: by whom it was vouched for, is.
      checkServerIdentity: () => undefined,
      ALPNProtocols: [http2 ? 'h2' : 'http/1.1'],
    });
    const end = (why: string | undefined): void => {
      resolve(why);
      socket.destroy();
    };
    socket.setTimeout(ANSWER_MS, () => end('no answer'));
    socket.on('secureConnect', () => {
      if (!http2) socket.write(GREETING);
    });
    socket.on('data', () => end(undefined));
    socket.on('error', (error) => end(error.message));
    socket.on('close', () => end('it hangs up'));
  });
}
