import { portNumber } from '../../machinery/formats.js';
import { dns1123Subdomain } from '../../machinery/names.js';
import type { FieldNode } from './field-node.js';

// How a webhook is reached: admission webhooks and the conversion of custom resources (apiserver's pkg/util/webhook).

const CONTROL = /\p{Cc}/u;
const FORM = '; desired format: https://host[/path]';

/** The parts of a URL as Go's net/url reads it, or why it is none. */
interface GoUrl {
  readonly scheme: string;
  readonly host: string;
  readonly user: string | undefined;
  readonly query: string;
  readonly fragment: string;
}

function parseUrl(text: string): GoUrl | string {
  if (CONTROL.test(text)) return 'net/url: invalid control character in URL';
  const hash = text.indexOf('#');
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  let rest = hash < 0 ? text : text.slice(0, hash);
  let scheme = '';
  const m = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(rest);
  if (m !== null) {
    scheme = (m[1] ?? '').toLowerCase();
    rest = rest.slice(m[0].length);
  } else if (rest.startsWith(':')) return 'missing protocol scheme';
  const mark = rest.indexOf('?');
  const query = mark < 0 ? '' : rest.slice(mark + 1);
  if (mark >= 0) rest = rest.slice(0, mark);
  if (scheme === '' && /^[^/]*:/.test(rest)) return 'first path segment in URL cannot contain colon';
  if (!rest.startsWith('//')) return { scheme, host: '', user: undefined, query, fragment };
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  const port = /:([^:\]]*)$/.exec(host)?.[1];
  if (port !== undefined && !/^\d*$/.test(port)) return `invalid port ":${port}" after host`;
  if (/[ "<>^`{|}\\]/.test(host))
    return `invalid character ${JSON.stringify(/[ "<>^`{|}\\]/.exec(host)?.[0])} in host name`;
  return { scheme, host, user: at < 0 ? undefined : authority.slice(0, at), query, fragment };
}

/** Field errors of the URL of a webhook: https, a host, and nothing but a path. */
export function checkWebhookUrl(owner: FieldNode, key: string): void {
  const text = owner.text(key);
  const url = parseUrl(text);
  if (typeof url === 'string') {
    owner.required(key, `url must be a valid URL: parse ${JSON.stringify(text)}: ${url}${FORM}`);
    return;
  }
  if (url.scheme !== 'https') owner.invalid(key, `'https' is the only allowed URL scheme${FORM}`, url.scheme);
  if (url.host === '') owner.invalid(key, `host must be specified${FORM}`, url.host);
  if (url.user !== undefined) owner.invalid(key, 'user information is not permitted in the URL', url.user);
  if (url.fragment !== '') owner.invalid(key, 'fragments are not permitted in the URL', url.fragment);
  if (url.query !== '') owner.invalid(key, 'query parameters are not permitted in the URL', url.query);
}

function checkPath(service: FieldNode): void {
  const path = service.text('path');
  if (path === '' || path === '/') return;
  if (path === '//') {
    service.invalid('path', 'segment[0] may not be empty');
    return;
  }
  if (!path.startsWith('/')) service.invalid('path', "must start with a '/'");
  const inner = path.endsWith('/') ? path.slice(1, -1) : path.slice(1);
  for (const [i, segment] of inner.split('/').entries()) {
    if (segment === '') service.invalid('path', `segment[${i}] may not be empty`);
    else for (const message of dns1123Subdomain(segment)) service.invalid('path', `segment[${i}]: ${message}`);
  }
}

function checkService(service: FieldNode, swapped: boolean): void {
  const [name, namespace] = swapped ? ['namespace', 'name'] : ['name', 'namespace'];
  if (service.text(name) === '') service.required('name');
  if (service.text(namespace) === '') service.required('namespace');
  const port = service.number('port') ?? 0;
  for (const message of portNumber(port)) service.invalid('port', `port is not valid: ${message}`, port);
  checkPath(service);
}

/**
 * Field errors of a WebhookClientConfig: a URL or a service, not both. `swapped`: a missing name is reported at
 * `namespace` and the other way round, as kube-apiserver does.
 */
export function checkWebhookClient(client: FieldNode, swapped: boolean): void {
  const service = client.child('service');
  if (client.has('url') === (service !== undefined)) client.required('', 'exactly one of url or service is required');
  else if (service !== undefined) checkService(service, swapped);
  else checkWebhookUrl(client, 'url');
}

const REVIEW_VERSIONS = ['v1', 'v1beta1'];

/** Field errors of versions of a review that a webhook takes; `accepted` of them this server can send. */
export function checkReviewVersions(
  owner: FieldNode,
  key: string,
  check: (version: string) => string[],
  mustKnowOne = true,
): void {
  const versions = owner.texts(key);
  const known = REVIEW_VERSIONS.join(', ');
  if (versions.length === 0) {
    owner.required(key, `must specify one of ${known}`);
    return;
  }
  const seen = new Set<string>();
  for (const [i, version] of versions.entries()) {
    const at = `${key}[${i}]`;
    if (seen.has(version)) {
      owner.invalid(at, 'duplicate version', version);
      continue;
    }
    seen.add(version);
    for (const message of check(version)) owner.invalid(at, message, version);
  }
  if (mustKnowOne && !REVIEW_VERSIONS.some((v) => seen.has(v))) {
    owner.invalid(key, `must include at least one of ${known}`, versions);
  }
}
