import type { AdmissionChain } from '../admission/admit.js';
import type { ObjectReader } from '../admission/types.js';
import type { Authorizer } from '../auth/types.js';
import type { Strategy } from '../registry/types.js';
import type { ResourceDef } from '../schema/types.js';
import type { Backend } from '../store/types.js';
import type { Connections } from './connect/connections.js';
import type { ApiRequest, Reply } from './types.js';

/** Answers a POST that does not simply store the object it brings (a token request, a review). */
export type Creator = (deps: RestDeps, request: ApiRequest, def: ResourceDef) => Reply | Promise<Reply>;

/** By `group/resource` or `group/resource/subresource`; the core group is '': `/serviceaccounts/token`. */
export type Creators = Readonly<Record<string, Creator>>;

/** What every verb needs. */
export interface RestDeps {
  readonly backend: Backend;
  /** The particulars of a resource; an empty strategy for one that has none. */
  strategyFor(group: string, resource: string, version?: string): Strategy;
  /** Finds resources that are not built in (custom ones). */
  readonly findResource?: (group: string, version: string, plural: string) => ResourceDef | undefined;
  /** The resource of a kind that is not built in. */
  readonly findKind?: (group: string, version: string, kind: string) => ResourceDef | undefined;
  /** Every served version of a resource that is not built in. */
  readonly versionsOf?: (group: string, plural: string) => readonly ResourceDef[];
  /** Milliseconds since the epoch. */
  now(): number;
  /** `--min-request-timeout`: a watch that names no time lasts this long, and up to twice as long; half an hour when absent. */
  readonly minWatchTimeoutMs?: number;
  /** The admission plugins, in order; the default ones when absent. */
  readonly admission?: AdmissionChain;
  /** What admission plugins read other objects with; straight from the store when absent. */
  readonly reader?: ObjectReader;
  /** Asked once more where an update or an apply creates, and by admission plugins; everything is allowed when absent. */
  readonly authorizer?: Authorizer;
  /** How nodes, pods and services are reached; what needs them answers 501 when absent. */
  readonly connections?: Connections;
  /** POST handlers of parts that `rest` does not know (tokens, reviews); they come before the built-in ones. */
  readonly creators?: Creators;
}
