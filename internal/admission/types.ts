import type { UserInfo } from '../auth/types.js';
import type { JsonObject } from '../machinery/json.js';
import type { ResourceDef } from '../schema/types.js';
import type { Backend, Compare } from '../store/types.js';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What a plugin may know about one write (apiserver's admission.Attributes). Objects are in their storage version. */
export interface AdmissionAttributes {
  readonly operation: Operation;
  readonly def: ResourceDef;
  readonly subresource: string;
  /** '' for resources that are not in a namespace. */
  readonly namespace: string;
  /** '' while a generated name is not known. */
  readonly name: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** The new object; absent for DELETE. Mutating plugins change it in place. */
  readonly object?: JsonObject;
  /** The stored object; absent for CREATE. */
  readonly oldObject?: JsonObject;
}

/** What plugins work with. */
export interface AdmissionContext {
  readonly backend: Backend;
  /** Texts for Warning headers. */
  readonly warnings: string[];
  /** Conditions under which the decision holds: they go into the write's own transaction, which is decided anew when one fails. */
  readonly compares: Compare[];
}

/** One admission plugin. Refuses by throwing a StatusError. */
export interface AdmissionPlugin {
  /** As `--enable-admission-plugins` names it. */
  readonly name: string;
  handles(operation: Operation): boolean;
  /** May change `attributes.object`. */
  admit?(ctx: AdmissionContext, attributes: AdmissionAttributes): void | Promise<void>;
  /** Sees the final object and may only refuse. */
  validate?(ctx: AdmissionContext, attributes: AdmissionAttributes): void | Promise<void>;
}

/** The plugins that are on, in their order. */
export type AdmissionChain = readonly AdmissionPlugin[];
