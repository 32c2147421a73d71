import type { Content, Seen } from '../checks/history.js';

interface ConfigMap {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
}

/** The body of a create or update; `side` goes into a label. */
export function configMap(name: string, content: Content, revision?: number): unknown {
  const { side, ...data } = content;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      ...(side === undefined ? {} : { labels: { side } }),
      ...(revision === undefined ? {} : { resourceVersion: String(revision) }),
    },
    data,
  };
}

/** The body of a merge patch. */
export function mergePatch(content: Content, revision?: number): unknown {
  const { side, ...data } = content;
  return {
    ...(side === undefined && revision === undefined
      ? {}
      : {
          metadata: {
            ...(side === undefined ? {} : { labels: { side } }),
            ...(revision === undefined ? {} : { resourceVersion: String(revision) }),
          },
        }),
    data,
  };
}

/** What an answer's object says. */
export function seenIn(object: ConfigMap): Seen {
  const { name, resourceVersion, uid, labels } = object.metadata;
  const side = labels?.side;
  return {
    key: name,
    revision: Number(resourceVersion),
    uid,
    content: { ...object.data, ...(side === undefined ? {} : { side }) },
  };
}

export const parseObject = (body: string): Seen => seenIn(JSON.parse(body) as ConfigMap);

export interface ListPage {
  readonly revision: number;
  readonly items: readonly Seen[];
  /** Where the next page begins; empty on the last one. */
  readonly next: string;
}

export function parseList(body: string): ListPage {
  const { metadata, items } = JSON.parse(body) as {
    metadata: { resourceVersion: string; continue?: string };
    items: ConfigMap[];
  };
  return { revision: Number(metadata.resourceVersion), items: items.map(seenIn), next: metadata.continue ?? '' };
}

export interface StatusBody {
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
  readonly details?: { readonly uid?: string };
}

export function parseStatus(body: string): StatusBody {
  try {
    return JSON.parse(body) as StatusBody;
  } catch {
    return { message: body.slice(0, 200) };
  }
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: ConfigMap & StatusBody & { readonly metadata: { readonly annotations?: Record<string, string> } };
}
