import { child, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { joinHostPort } from './go-errors.js';
import type { ServiceResolver } from './services.js';
import { CallError, type Target, type TlsOptions } from './types.js';

const DEFAULT_PORT = 443;

/** A path as Go's path.Join leaves it: it begins with one slash and does not end in one. */
function cleanPath(path: string): string {
  const parts = path.split('/').filter((p) => p !== '' && p !== '.');
  return `/${parts.join('/')}`;
}

/** The authorities of a caBundle, which is base64 of PEM; '' for none. */
function bundleOf(client: JsonObject | undefined): string {
  const text = str(client, 'caBundle');
  if (text === '') return '';
  const pem = Buffer.from(text, 'base64').toString('latin1');
  // An authority that cannot be read must not be taken for none.
  if (pem.trim() === '')
    throw new CallError('tls', 'unable to load root certificates: unable to parse bytes as PEM block');
  return pem;
}

/**
 * Whom a WebhookClientConfig names: a URL, or a Service under its DNS name (apiserver's webhook.ClientManager). The
 * target is worth keeping: TLS options are compared by identity first. Throws CallError for a bundle that is no base64.
 */
export function webhookTarget(client: JsonObject | undefined, resolve: ServiceResolver): Target {
  const ca = bundleOf(client);
  const service = child(client, 'service');
  if (service === undefined) {
    const url = new URL(str(client, 'url'));
    const tls: TlsOptions = { ca, caller: 'webhooks' };
    return { url: `https://${url.host}${cleanPath(url.pathname)}`, tls };
  }
  const [namespace, name] = [str(service, 'namespace'), str(service, 'name')];
  const port = typeof service['port'] === 'number' ? service['port'] : DEFAULT_PORT;
  const serverName = `${name}.${namespace}.svc`;
  return {
    url: `https://${joinHostPort(serverName, port)}${cleanPath(str(service, 'path'))}`,
    tls: { ca, serverName, caller: 'webhooks' },
    address: () => resolve(namespace, name, port),
  };
}
