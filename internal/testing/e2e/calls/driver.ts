import https from 'node:https';
import { child, str } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import { eventually, TOKEN } from '../cluster.js';
import { newObject } from './fixtures.js';
import type { Target } from './shapes.js';
import { ask, type CallAnswer, type Encoding, encodeBody, type Identity, PROTOBUF, type Question } from './wire.js';

export interface Place {
  readonly namespace: string;
  readonly name: string;
}

const ADMIN: Identity = { authorization: `Bearer ${TOKEN}` };
const ACCOUNT = 'system:serviceaccount:';

/** Where objects of a target are: `/api/v1/namespaces/ns/pods`. */
export function collectionPath(target: Target, namespace: string): string {
  const { group, version, resource } = target;
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return target.def?.namespaced === true ? `${base}/namespaces/${namespace}/${resource}` : `${base}/${resource}`;
}

export function keyOf(target: Target): string {
  return `${target.group}/${target.resource}${target.subresource === '' ? '' : `/${target.subresource}`}`;
}

/** Makes the calls, as whoever makes them, and prepares what they need. */
export class Driver {
  readonly agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false, maxSockets: 8 });
  private readonly accounts = new Map<string, Promise<Identity>>();

  constructor(readonly base: string) {}

  close(): void {
    this.agent.destroy();
  }

  /**
   * The headers of a component. Service accounts come with a token that the controller manager asks for, as it does
   * with --use-service-account-credentials; the others are impersonated.
   */
  identity(user: string): Identity | Promise<Identity> {
    if (user === 'kubernetes-admin') return ADMIN;
    if (!user.startsWith(ACCOUNT)) return { ...ADMIN, 'impersonate-user': user };
    const known = this.accounts.get(user) ?? this.account(user);
    this.accounts.set(user, known);
    return known;
  }

  private async account(user: string): Promise<Identity> {
    const [namespace = '', name = ''] = user.slice(ACCOUNT.length).split(':');
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const manager = await this.identity('system:kube-controller-manager');
    const post = (to: string, object: JsonObject): Promise<CallAnswer> =>
      this.send('POST', to, { identity: manager, object });
    await post(path, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
    const answer = await post(`${path}/${name}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [] },
    });
    const token = str(child(answer.object, 'status'), 'token');
    if (token === '') throw new Error(`no token for ${user}: ${answer.status} ${answer.body.toString()}`);
    return { authorization: `Bearer ${token}` };
  }

  /** One call in an encoding; `object` becomes the body, or `body` as it is. */
  send(
    method: string,
    path: string,
    options: {
      identity?: Identity;
      encoding?: Encoding;
      object?: JsonObject;
      body?: { contentType: string; body: Buffer };
      accept?: string;
    } = {},
  ): Promise<CallAnswer> {
    const encoding = options.encoding ?? 'json';
    const body = options.body ?? (options.object === undefined ? undefined : encodeBody(options.object, encoding));
    return ask(this.agent, this.question(method, path, options.identity ?? ADMIN, encoding, body, options.accept));
  }

  question(
    method: string,
    path: string,
    identity: Identity,
    encoding: Encoding,
    body?: { contentType: string; body: Buffer },
    accept = encoding === 'json' ? 'application/json' : `${PROTOBUF},application/json`,
  ): Question {
    return { method, url: this.base + path, identity, accept, ...body };
  }

  /** The object, made by the administrator when it is not there. */
  async present(target: Target, place: Place, change?: (object: JsonObject) => void): Promise<JsonObject> {
    const path = collectionPath(target, place.namespace);
    const live = await this.send('GET', `${path}/${place.name}`);
    if (live.status === 200 && live.object !== undefined) return live.object;
    const object = this.fresh(target, place);
    change?.(object);
    const made = await this.send('POST', path, { object });
    if (made.status !== 201 || made.object === undefined) {
      throw new Error(`fixture ${path}/${place.name}: ${made.status} ${made.body.toString()}`);
    }
    return made.object;
  }

  fresh(target: Target, place: Place): JsonObject {
    const { group, version, resource, def } = target;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    const at = { name: place.name, namespace: def?.namespaced === true ? place.namespace : '' };
    return newObject(`${group}/${resource}`, apiVersion, def?.kind ?? '', at);
  }

  /** Makes sure that there is no such object. */
  async absent(target: Target, place: Place): Promise<void> {
    const path = `${collectionPath(target, place.namespace)}/${place.name}`;
    await this.send('DELETE', `${path}?gracePeriodSeconds=0`);
    await eventually(`${path} is gone`, async () => (await this.send('GET', path)).status === 404);
  }

  /** A namespace that is being deleted and, for want of its controller, stays so. */
  async terminating(name: string): Promise<void> {
    await this.namespace(name);
    const answer = await this.send('DELETE', `/api/v1/namespaces/${name}`);
    if (answer.status !== 200) throw new Error(`namespace ${name}: ${answer.body.toString()}`);
  }

  async namespace(name: string): Promise<void> {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    const answer = await this.send('POST', '/api/v1/namespaces', { object });
    if (answer.status !== 201 && answer.status !== 409) throw new Error(answer.body.toString());
    // Pods need the account that a controller would make.
    await this.send('POST', `/api/v1/namespaces/${name}/serviceaccounts`, {
      object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } },
    });
  }
}
