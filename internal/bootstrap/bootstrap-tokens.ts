import { child, children, str, strings } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import type { JsonObject } from '../machinery/json.js';
import { type ApiClient, succeeded } from './api-client.js';
import { signClusterInfo } from './cluster-info.js';
import { durationMs } from './kubeadm-schema.js';
import { type BootstrapToken, splitToken, TOKEN_FORM } from './token-form.js';

const SECRETS = '/api/v1/namespaces/kube-system/secrets';
const TYPE = 'bootstrap.kubernetes.io/token';
const PREFIX = 'bootstrap-token-';
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const USAGES = ['signing', 'authentication'];

/**
 * A token from its part of a configuration (token, description, ttl or expires, usages, groups).
 * Throws FatalError for a field that is wrong.
 */
export function tokenOf(object: JsonObject, now: number): BootstrapToken {
  const token = str(object, 'token');
  splitToken(token);
  const [usages, groups] = [strings(object, 'usages'), strings(object, 'groups')];
  const badUsage = usages.find((usage) => !USAGES.includes(usage));
  if (badUsage !== undefined)
    throw new FatalError(`invalid bootstrap token usage "${badUsage}": use ${USAGES.join(', ')}`);
  const badGroup = groups.find((group) => !GROUP.test(group));
  if (badGroup !== undefined) {
    throw new FatalError(
      `bootstrap group "${badGroup}" is invalid (must match \\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\\z)`,
    );
  }
  const text = str(object, 'ttl');
  const ttl = text === '' ? 0 : durationMs(text);
  // What is misread as no duration would be good for ever.
  if (ttl === undefined) throw new FatalError(`invalid ttl "${text}": write e.g. 24h0m0s, or 0 for ever`);
  const expires = ttl === 0 ? str(object, 'expires') : rfc3339(now + ttl);
  return { token, description: str(object, 'description'), expires, usages, groups };
}

const rfc3339 = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** The Secret that holds a token. */
function secretOf(token: BootstrapToken): JsonObject {
  const { id, secret } = splitToken(token.token);
  const data: Record<string, string> = { 'token-id': id, 'token-secret': secret };
  if (token.description !== '') data['description'] = token.description;
  if (token.expires !== '') data['expiration'] = token.expires;
  for (const usage of token.usages) data[`usage-bootstrap-${usage}`] = 'true';
  if (token.groups.length > 0) data['auth-extra-groups'] = token.groups.join(',');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${PREFIX}${id}`, namespace: 'kube-system' },
    type: TYPE,
    data: Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v).toString('base64')])),
  };
}

/** Undefined for a Secret that holds no token as it should. */
function fromSecret(secret: JsonObject): BootstrapToken | undefined {
  const data = child(secret, 'data');
  const field = (name: string): string => Buffer.from(str(data, name), 'base64').toString('utf8');
  const token = `${field('token-id')}.${field('token-secret')}`;
  if (!TOKEN_FORM.test(token) || str(child(secret, 'metadata'), 'name') !== `${PREFIX}${field('token-id')}`)
    return undefined;
  return {
    token,
    description: field('description'),
    expires: field('expiration'),
    usages: ['authentication', 'signing'].filter((usage) => field(`usage-bootstrap-${usage}`) === 'true'),
    groups: field('auth-extra-groups')
      .split(',')
      .filter((group) => group !== '')
      .sort(),
  };
}

/**
 * Stores a token and signs `cluster-info` with it, which kube-controller-manager's bootstrap signer would do as well.
 * Throws FatalError when there is one of that id, unless it may be replaced.
 */
export async function createToken(client: ApiClient, token: BootstrapToken, replace = false): Promise<JsonObject> {
  const { id } = splitToken(token.token);
  const answer = await client.ask('POST', SECRETS, secretOf(token));
  if (answer.code === 409 && !replace) throw new FatalError(`a token with id "${id}" already exists`);
  const stored =
    answer.code === 409
      ? await client.apply(SECRETS, secretOf(token))
      : succeeded(answer, `creating the bootstrap token ${id}`);
  if (token.usages.includes('signing')) await signClusterInfo(client, await listTokens(client));
  return stored;
}

/** All tokens, by id; those that are over but not yet deleted as well. */
export async function listTokens(client: ApiClient): Promise<BootstrapToken[]> {
  const list = succeeded(
    await client.ask('GET', `${SECRETS}?fieldSelector=${encodeURIComponent(`type=${TYPE}`)}`),
    'failed to list bootstrap tokens',
  );
  return children(list, 'items').flatMap((secret) => fromSecret(secret) ?? []);
}

/** Deletes a token by its id or its whole text. Throws FatalError when there is none. */
export async function deleteToken(client: ApiClient, text: string): Promise<string> {
  const id = /^[a-z0-9]{6}$/.test(text) ? text : TOKEN_FORM.exec(text)?.[1];
  if (id === undefined)
    throw new FatalError(
      `given token "${text}" didn't match pattern "\\A([a-z0-9]{6})\\z" or "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"`,
    );
  const answer = await client.ask('DELETE', `${SECRETS}/${PREFIX}${id}`);
  if (answer.code === 404) throw new FatalError(`failed to delete bootstrap token "${id}": there is none`);
  succeeded(answer, `failed to delete bootstrap token "${id}"`);
  await signClusterInfo(client, await listTokens(client));
  return id;
}
