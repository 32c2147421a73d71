import { LARGE_BYTES, nextTurn } from '../machinery/breathe.js';
import type { UserInfo } from '../auth/types.js';
import { str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { StatusError, type StatusReason } from '../machinery/status.js';
import type { ApiRequest, Handler } from '../rest/types.js';
import { requestInfo } from './request-info.js';

/** The identity with which the server writes for itself (apiserver's loopback client). */
const SELF: UserInfo = { username: 'system:apiserver', uid: '', groups: ['system:masters'], extra: {} };
const USER_AGENT = 'kube-apiserver/v1.36.2 (linux/amd64) kubernetes/quorate';

/** The server's own client: the same verbs as everybody's, without a socket. Paths are percent-encoded, as on the wire. */
export interface InternalClient {
  /** Resolves with the object, or undefined when it does not exist. */
  get(path: string): Promise<JsonObject | undefined>;
  /** Resolves with the object, or undefined when it exists already. */
  create(path: string, object: JsonObject, fieldManager: string): Promise<JsonObject | undefined>;
  /** Rejects with StatusError 409 when the object changed meanwhile. */
  update(path: string, object: JsonObject, fieldManager: string): Promise<JsonObject>;
  /** Deletes the object; resolves too when it does not exist. */
  remove(path: string): Promise<void>;
  /** Server-side apply, forced. */
  apply(path: string, object: JsonObject, fieldManager: string): Promise<JsonObject>;
}

/** Makes a client of a resource handler (`createRest`). */
export function createInternalClient(handler: Handler): InternalClient {
  const send = async (
    method: string,
    target: string,
    body?: { contentType: string; object: JsonObject },
  ): Promise<JsonObject> => {
    const question = target.indexOf('?');
    // What a request's path is by the time that it is handled.
    const path = decodeURIComponent(question < 0 ? target : target.slice(0, question));
    const query = question < 0 ? '' : target.slice(question + 1);
    const headers: Readonly<Record<string, string>> = {
      accept: 'application/json',
      'user-agent': USER_AGENT,
      ...(body === undefined ? {} : { 'content-type': body.contentType }),
    };
    const request: ApiRequest = {
      method,
      path,
      query: new URLSearchParams(query),
      header: (name) => headers[name] ?? '',
      body: body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body.object)),
      user: SELF,
      info: requestInfo(method, path, query),
    };
    if (request.body.length >= LARGE_BYTES) await nextTurn();
    const reply = await handler(request);
    if (!('body' in reply)) throw new Error(`${method} ${target} answered with a stream`);
    if (reply.body.length >= LARGE_BYTES) await nextTurn();
    const object = JSON.parse(reply.body.toString()) as JsonObject;
    // Kinds with a warning answer their errors, where others throw them.
    if (reply.status >= 400)
      throw new StatusError(reply.status, str(object, 'reason') as StatusReason, str(object, 'message'));
    return object;
  };
  const orUndefined = async (code: number, sent: Promise<JsonObject>): Promise<JsonObject | undefined> => {
    try {
      return await sent;
    } catch (e) {
      if (e instanceof StatusError && e.code === code) return undefined;
      throw e;
    }
  };
  const managed = (path: string, fieldManager: string): string =>
    `${path}?fieldManager=${encodeURIComponent(fieldManager)}`;
  const json = (object: JsonObject) => ({ contentType: 'application/json', object });
  return {
    get: (path) => orUndefined(404, send('GET', `${path}?resourceVersion=0`)),
    async create(path, object, fieldManager) {
      try {
        return await send('POST', managed(path, fieldManager), json(object));
      } catch (e) {
        if (e instanceof StatusError && e.reason === 'AlreadyExists') return undefined;
        throw e;
      }
    },
    async remove(path) {
      await orUndefined(404, send('DELETE', path));
    },
    update: (path, object, fieldManager) => send('PUT', managed(path, fieldManager), json(object)),
    apply: (path, object, fieldManager) =>
      send('PATCH', `${managed(path, fieldManager)}&force=true`, {
        contentType: 'application/apply-patch+yaml',
        object,
      }),
  };
}
