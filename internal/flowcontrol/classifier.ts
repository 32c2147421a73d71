import { createHash } from 'node:crypto';
import type { UserInfo } from '../auth/types.js';
import { assert } from '../machinery/assert.js';
import type { Route } from '../rest/route.js';
import type { RequestInfo } from '../rest/types.js';
import type { Schema } from './config.js';
import { deal } from './dealer.js';
import type { PriorityLevel } from './priority-level.js';
import type { SchemaStats } from './stats.js';

/** Decisions that are kept; then all are made anew. Of users with longer names, in characters, none is. */
const MAX_CACHED = 8192;
const MAX_NAME = 256;

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

/** What was decided for one user, by what is asked for and the namespace. */
interface UserFlows {
  readonly user: UserInfo;
  readonly flows: Map<Route, Map<string, Flow>>;
}

/** One state of the configuration: its schemas by precedence, each with a level that exists. */
export class Classifier {
  readonly #users = new Map<string, UserFlows>();
  #cached = 0;

  /** `schemas` in the order in which they are asked; the last one is about every request. */
  constructor(
    private readonly schemas: readonly Schema[],
    private readonly levels: ReadonlyMap<string, PriorityLevel>,
  ) {}

  /** The first schema that is about the request (lowest matchingPrecedence, then name), and its flow. */
  classify(info: RequestInfo, user: UserInfo): Flow {
    const { route } = info;
    // Paths that name no resource are many, and soon told.
    if (route === undefined || user.username.length > MAX_NAME) return this.#find(info, user);
    let known = this.#users.get(user.username);
    // Another one of this name may have other groups.
    if (known === undefined || !isSame(known.user, user)) {
      known = { user, flows: new Map() };
      this.#users.set(user.username, known);
    }
    let byNamespace = known.flows.get(route);
    if (byNamespace === undefined) known.flows.set(route, (byNamespace = new Map<string, Flow>()));
    let flow = byNamespace.get(info.namespace);
    if (flow === undefined) {
      flow = this.#find(info, user);
      byNamespace.set(info.namespace, flow);
      this.#cached++;
      if (this.#cached >= MAX_CACHED) this.#forget();
    }
    return flow;
  }

  #forget(): void {
    this.#users.clear();
    this.#cached = 0;
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
