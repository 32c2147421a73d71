import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../machinery/json.js';
import { openReplica } from '../replica/index.js';
import { objectKey } from '../store/keys.js';
import type { Backend } from '../store/types.js';
import type { Credentials } from './authenticator.js';
import type { Attributes, UserInfo } from './types.js';

/** One real replica, into whose store tests write objects as they are, unchecked. */
export interface TestStore {
  readonly backend: Backend;
  put(group: string, resource: string, namespace: string, name: string, rest: JsonObject): Promise<void>;
  remove(group: string, resource: string, namespace: string, name: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens one in a temporary directory. `rest.metadata` is added to the object's name and namespace. */
export async function openStore(): Promise<TestStore> {
  const dir = mkdtempSync(join(tmpdir(), 'quorate-auth-'));
  const replica = await openReplica({ name: 'r1', dataDir: dir, compactionIntervalMs: 0 });
  await replica.ready();
  const { backend } = replica;
  return {
    backend,
    async put(group, resource, namespace, name, rest) {
      const { metadata, ...others } = rest;
      const names = { name, ...(namespace === '' ? {} : { namespace }) };
      const object = { metadata: { ...names, ...(metadata as JsonObject | undefined) }, ...others };
      const value = Buffer.from(JSON.stringify(object));
      const key = objectKey(group, resource, namespace, name);
      await backend.txn({ compares: [], ops: [{ type: 'put', key, value, revisionAt: -1 }] });
    },
    async remove(group, resource, namespace, name) {
      const key = objectKey(group, resource, namespace, name);
      await backend.txn({ compares: [], ops: [{ type: 'delete', key }] });
    },
    async close() {
      await replica.close();
      rmSync(dir, { recursive: true });
    },
  };
}

/** What a request brings: headers by lower-case name, one of several values as a list. */
export interface Brought {
  readonly certificate?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly audiences?: readonly string[];
}

export function credentials({ certificate = '', token, headers = {}, audiences }: Brought): Credentials {
  const all = Object.entries(headers).flatMap(([name, values]) =>
    (typeof values === 'string' ? [values] : values).map((value): [string, string] => [name, value]),
  );
  if (token !== undefined) all.push(['authorization', `Bearer ${token}`]);
  return {
    peerCertificate: certificate,
    header: (name) => all.find(([n]) => n === name)?.[1] ?? '',
    headerValues: (name) => all.filter(([n]) => n === name).map(([, value]) => value),
    headersWithPrefix: (prefix) => all.filter(([n]) => n.startsWith(prefix)),
    ...(audiences === undefined ? {} : { audiences }),
  };
}

export const user = (username: string, ...groups: string[]): UserInfo => ({ username, uid: '', groups, extra: {} });

/** A question about a resource of the core group at cluster scope, unless `more` says otherwise. */
export const asks = (who: UserInfo, verb: string, resource: string, more: Partial<Attributes> = {}): Attributes => ({
  user: who,
  verb,
  isResourceRequest: true,
  group: '',
  version: 'v1',
  resource,
  subresource: '',
  namespace: '',
  name: '',
  path: '',
  ...more,
});
