import { request as httpsRequest } from 'node:https';
import type { JsonObject } from '../machinery/json.js';
import { notFound } from '../machinery/status.js';
import { encodeObjectJson } from '../schema/codec/index.js';
import type { ResourceDef } from '../schema/types.js';
import type { RestDeps } from './deps.js';
import { filterOf } from './filter.js';
import { LazyObject } from './lazy.js';
import { whole } from './list.js';
import { parseListOptions } from './options.js';
import { listEncoding } from './representation.js';
import { respondStored } from './respond.js';
import type { ApiRequest, Reply } from './types.js';

/** Where the components of a control plane on this machine say how they are (pkg/registry/core/rest: componentStatusStorage). */
const PROBED: Readonly<Record<string, number>> = { 'controller-manager': 10257, scheduler: 10259 };
/** The store is part of this program; it goes by the name under which its health has always been asked for. */
const STORE = 'etcd-0';
/** A component that says nothing for this long is not healthy. */
const PROBE_TIMEOUT_MS = 5_000;
/** Bytes read of what a component says. */
const MESSAGE_BYTES_MAX = 4_096;

/** ComponentStatus is asked of the components and stored nowhere. */
export function isComponentStatus(def: ResourceDef): boolean {
  return def.group === '' && def.resource === 'componentstatuses';
}

interface Health {
  readonly healthy: boolean;
  readonly message: string;
}

function probe(port: number): Promise<Health> {
  const host = `127.0.0.1:${port}`;
  const url = `https://${host}/healthz`;
  return new Promise((resolve) => {
    // The components' certificates are their own; nothing secret is asked or told.
    const request = httpsRequest(url, { rejectUnauthorized: false, timeout: PROBE_TIMEOUT_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (text.length < MESSAGE_BYTES_MAX) text += chunk;
      });
      response.on('error', (e) => {
        resolve({ healthy: false, message: `Get "${url}": ${e.message}` });
      });
      response.on('end', () => {
        resolve({ healthy: response.statusCode === 200, message: text });
      });
    });
    request.on('timeout', () => {
      request.destroy(new Error('context deadline exceeded'));
    });
    request.on('error', (e: NodeJS.ErrnoException) => {
      const why = e.code === 'ECONNREFUSED' ? `dial tcp ${host}: connect: connection refused` : e.message;
      resolve({ healthy: false, message: `Get "${url}": ${why}` });
    });
    request.end();
  });
}

async function statusOf(name: string, deps: RestDeps): Promise<LazyObject> {
  let health: Health = { healthy: true, message: 'ok' };
  const port = PROBED[name];
  if (port !== undefined) {
    health = await probe(port);
  } else {
    try {
      await deps.backend.readBarrier();
    } catch (e) {
      health = { healthy: false, message: e instanceof Error ? e.message : String(e) };
    }
  }
  const object: JsonObject = {
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    metadata: { name },
    conditions: [{ type: 'Healthy', status: health.healthy ? 'True' : 'False', message: health.message }],
  };
  return new LazyObject(`core/componentstatuses/${name}`, encodeObjectJson(object));
}

/** Answers GET and LIST of componentstatuses. */
export async function handleComponentStatus(deps: RestDeps, request: ApiRequest, def: ResourceDef): Promise<Reply> {
  const names = [...Object.keys(PROBED), STORE];
  const { info } = request;
  if (info.verb === 'get') {
    if (!names.includes(info.name)) throw notFound(def, info.name);
    return respondStored(deps, request, def, (await statusOf(info.name, deps)).value, 200);
  }
  const encoding = listEncoding(deps, request, def);
  const options = parseListOptions(request.query);
  const { matches } = filterOf(def, deps.strategyFor(def.group, def.resource), {
    namespace: '',
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
  });
  const all = await Promise.all(names.map((name) => statusOf(name, deps)));
  // A single name narrows the filter's keys and needs no match.
  const asked = info.name === '' ? all : all.filter((o) => o.key.endsWith(`/${info.name}`));
  return whole(encoding, {}, matches === undefined ? asked : asked.filter(matches), request);
}
