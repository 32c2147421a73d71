import { createHash } from 'node:crypto';
import type { UserInfo } from '../auth/types.js';
import { assert } from '../machinery/assert.js';
import type { RequestInfo } from '../rest/types.js';
import type { Schema } from './config.js';
import { deal } from './dealer.js';
import type { PriorityLevel } from './priority-level.js';
import type { SchemaStats } from './stats.js';

/** Decisions that are kept; the oldest makes room for a new one. */
const MAX_CACHED = 8192;

/** Where a request belongs. */
export interface Flow {
  readonly schema: Schema;
  readonly level: PriorityLevel;
  readonly stats: SchemaStats;
  readonly distinguisher: string;
  /** The queues among which its requests choose; empty where the level has none. */
  readonly hand: readonly number[];
  /** Tell the client where it was put; not by name, which might tell it too much. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** One state of the configuration: its schemas by precedence, each with a level that exists. */
export class Classifier {
  readonly #cache = new Map<string, { readonly user: UserInfo; readonly flow: Flow }>();

  /** `schemas` in the order in which they are asked; the last one is about every request. */
  constructor(
    private readonly schemas: readonly Schema[],
    private readonly levels: ReadonlyMap<string, PriorityLevel>,
  ) {}

  /** The first schema that is about the request (lowest matchingPrecedence, then name), and its flow. */
  classify(info: RequestInfo, user: UserInfo): Flow {
    // Paths that name no resource are many, and soon told.
    if (!info.isResourceRequest) return this.#find(info, user);
    const key = `${user.username}\n${user.groups.join('\t')}\n${info.verb} ${info.group}/${info.resource}/${info.subresource} ${info.namespace}`;
    const known = this.#cache.get(key);
    if (known !== undefined && isSame(known.user, user)) return known.flow;
    const flow = this.#find(info, user);
    if (this.#cache.size >= MAX_CACHED) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    }
    this.#cache.set(key, { user, flow });
    return flow;
  }

  #find(info: RequestInfo, user: UserInfo): Flow {
    const schema = this.schemas.find((s) => s.matches(info, user)) ?? this.schemas.at(-1);
    const level = schema === undefined ? undefined : this.levels.get(schema.level);
    assert(schema !== undefined && level !== undefined, 'the mandatory schemas are always there');
    const distinguisher =
      schema.distinguisher === 'ByUser' ? user.username : schema.distinguisher === 'ByNamespace' ? info.namespace : '';
    const { queuing } = level.config;
    const hand =
      queuing === undefined ? [] : deal(hashOf(schema.name, distinguisher), queuing.queues, queuing.handSize);
    return {
      schema,
      level,
      stats: level.statsOf(schema.name),
      distinguisher,
      hand,
      headers: headersOf(schema.uid, level.config.uid),
    };
  }
}

/** Names may hold what stands between them in the key. */
function isSame(a: UserInfo, b: UserInfo): boolean {
  if (a === b) return true;
  if (a.username !== b.username || a.groups.length !== b.groups.length) return false;
  return a.groups === b.groups || a.groups.every((group, i) => group === b.groups[i]);
}

function headersOf(schema: string, level: string): (readonly [string, string])[] {
  return [
    ...(schema === '' ? [] : [['X-Kubernetes-Pf-Flowschema-Uid', schema] as const]),
    ...(level === '' ? [] : [['X-Kubernetes-Pf-Prioritylevel-Uid', level] as const]),
  ];
}

function hashOf(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(`${schema.length},${schema}${distinguisher}`).digest().readBigUInt64LE();
}
