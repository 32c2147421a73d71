import { createHmac, timingSafeEqual } from 'node:crypto';
import { load } from 'js-yaml';
import { child, children, str } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import { ApiClient, publicKeyPins, succeeded } from './api-client.js';
import { type BootstrapToken, isExpired, splitToken } from './token-form.js';

const PATH = '/api/v1/namespaces/kube-public/configmaps/cluster-info';
const SIGNATURE = 'jws-kubeconfig-';
/** Tries at a ConfigMap that another signer changes meanwhile. */
const ATTEMPTS = 10;

/** What a node knows of a cluster once it believes it. */
export interface DiscoveredCluster {
  /** https://host:port, as nodes should reach it. */
  readonly server: string;
  /** PEM. */
  readonly ca: string;
}

/** The kubeconfig in `cluster-info`: a cluster without users. */
export function clusterInfoKubeconfig(server: string, ca: string): string {
  const data = Buffer.from(ca).toString('base64');
  return `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${data}
    server: ${server}
  name: ""
contexts: null
current-context: ""
kind: Config
users: null
`;
}

/** JSON Web Signature (RFC 7515, appendix F: the payload is left out) of a text with a token: HS256, `kid` is its id. */
export function detachedSignature(payload: string, token: string): string {
  const { id, secret } = splitToken(token);
  const header = base64url(JSON.stringify({ alg: 'HS256', kid: id }));
  const signature = createHmac('sha256', secret)
    .update(`${header}.${base64url(payload)}`)
    .digest('base64url');
  return `${header}..${signature}`;
}

/** Was this text signed with this token? */
export function isSignedWith(payload: string, token: string, signature: string): boolean {
  const [header = '', middle, given = ''] = signature.split('.');
  if (middle !== '') return false;
  let facts: JsonValue;
  try {
    facts = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as JsonValue;
  } catch {
    return false; // not a signature
  }
  const { id, secret } = splitToken(token);
  // Only this one algorithm: the header is the other side's word.
  if (!isObject(facts) || facts['alg'] !== 'HS256' || facts['kid'] !== id) return false;
  const expected = createHmac('sha256', secret)
    .update(`${header}.${base64url(payload)}`)
    .digest();
  const actual = Buffer.from(given, 'base64url');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/**
 * Writes a signature for each token that may sign, and takes away those of tokens that are gone. Where
 * kube-controller-manager runs, its bootstrap signer keeps the same.
 */
export async function signClusterInfo(client: ApiClient, tokens: readonly BootstrapToken[]): Promise<void> {
  const signing = tokens.filter((token) => token.usages.includes('signing') && !isExpired(token, Date.now()));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = await client.get(PATH);
    if (stored === undefined) return; // no node joins by token yet
    const data = child(stored, 'data') ?? {};
    const kubeconfig = str(data, 'kubeconfig');
    const kept = Object.entries(data).filter(([name]) => !name.startsWith(SIGNATURE));
    const signatures = signing.map(({ token }): [string, string] => [
      `${SIGNATURE}${splitToken(token).id}`,
      detachedSignature(kubeconfig, token),
    ]);
    const wanted = Object.fromEntries([...kept, ...signatures]);
    if (JSON.stringify(sorted(wanted)) === JSON.stringify(sorted(data))) return;
    const answer = await client.ask('PUT', PATH, { ...stored, data: wanted });
    if (answer.code === 409) continue;
    succeeded(answer, 'signing cluster-info');
    return;
  }
  throw new FatalError('cluster-info is changed again and again by somebody else: try once more');
}

const sorted = (data: JsonObject): [string, JsonValue | undefined][] =>
  Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));

/** The other side is not who it should be: asking again changes nothing. */
class UntrustedError extends FatalError {}

/** How a node finds out whom to believe. */
export interface Discovery {
  /** host:port. */
  readonly endpoint: string;
  readonly token: string;
  /** `sha256:` pins of the authority's public key; one that matches is enough. */
  readonly pins: readonly string[];
  readonly skipVerification: boolean;
  readonly timeoutMs: number;
}

const RETRY_MS = 1000;

/**
 * Reads `cluster-info` of a server that is not known yet, and believes it when it is signed with the token and its
 * authority is one of the pins; then reads it once more over a connection that this authority vouches for.
 * Throws FatalError.
 */
export async function discover(discovery: Discovery, say: (text: string) => void): Promise<DiscoveredCluster> {
  const { endpoint, token, pins, skipVerification, timeoutMs } = discovery;
  if (pins.length === 0 && !skipVerification) {
    throw new FatalError(
      'discovery.bootstrapToken: Invalid value: "": using token-based discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue',
    );
  }
  const pinForm = pins.find((pin) => !/^sha256:[0-9a-f]{64}$/i.test(pin));
  if (pinForm !== undefined)
    throw new FatalError(`invalid hash "${pinForm}", expected "format:hex-value", such as sha256:<64 hex digits>`);
  const until = Date.now() + timeoutMs;
  let said = '';
  for (;;) {
    const kubeconfig = await signedKubeconfig(new ApiClient({ server: `https://${endpoint}` }, 0), token).catch(
      (error: unknown) => {
        // The server may still be starting, and the token may be signed with in a moment.
        if (!(error instanceof FatalError) || error instanceof UntrustedError || Date.now() > until) throw error;
        if (error.message !== said) say(`[discovery] ${error.message}; trying again`);
        said = error.message;
        return undefined;
      },
    );
    if (kubeconfig === undefined) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      continue;
    }
    const found = clusterOf(kubeconfig);
    const own = publicKeyPins(found.ca);
    if (pins.length > 0 && !pins.some((allowed) => own.includes(allowed.toLowerCase()))) {
      throw new FatalError(
        `cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "${own.join('", "')}" are pinned`,
      );
    }
    // The same again over a connection whose other end must have a certificate of that authority.
    const secure = await signedKubeconfig(new ApiClient({ server: `https://${endpoint}`, ca: found.ca }, 5_000), token);
    if (secure !== kubeconfig) {
      throw new FatalError(
        `${endpoint} shows another cluster-info to those who verify its certificate: do not join it`,
      );
    }
    return found;
  }
}

async function signedKubeconfig(client: ApiClient, token: string): Promise<string> {
  const stored = await client.get(PATH);
  if (stored === undefined)
    throw new FatalError(`${client.access.server} has no cluster-info: run \`init phase bootstrap-token\` there`);
  const data = child(stored, 'data');
  const kubeconfig = str(data, 'kubeconfig');
  const { id } = splitToken(token);
  const signature = str(data, `${SIGNATURE}${id}`);
  if (signature === '') {
    throw new FatalError(`could not find a JWS signature in the cluster-info ConfigMap for token ID "${id}"`);
  }
  if (!isSignedWith(kubeconfig, token, signature)) {
    throw new UntrustedError(
      'failed to verify JWS signature of received cluster info object, can not trust this API Server',
    );
  }
  return kubeconfig;
}

/** The cluster that a kubeconfig names first. Throws FatalError when it names none. */
export function clusterOf(kubeconfig: string): DiscoveredCluster {
  const config = load(kubeconfig) as JsonValue;
  const cluster = isObject(config) ? child(children(config, 'clusters')[0], 'cluster') : undefined;
  const ca = Buffer.from(str(cluster, 'certificate-authority-data'), 'base64').toString('utf8');
  const server = str(cluster, 'server');
  if (ca === '' || !server.startsWith('https://'))
    throw new FatalError('the kubeconfig of the cluster names no https server with its authority');
  return { server, ca };
}
