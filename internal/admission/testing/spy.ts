import type { JsonObject } from '../../machinery/json.js';
import { cloneJson } from '../../machinery/equal.js';
import { AdmissionChain } from '../admit.js';
import { defaultAdmission } from '../plugins.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';

/** What a plugin was asked, as it was at that time. */
export interface Seen {
  readonly phase: 'admit' | 'validate';
  readonly operation: string;
  readonly resource: string;
  readonly subresource: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly options: JsonObject | undefined;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
}

type Act = (ctx: AdmissionContext, a: AdmissionAttributes) => void | Promise<void>;

/** A plugin that writes down what it is asked, and does what the test at hand wants. For tests. */
export class Spy implements AdmissionPlugin {
  readonly name = 'Spy';
  readonly seen: Seen[] = [];
  onAdmit: Act | undefined;
  onValidate: Act | undefined;
  /** Behind the default plugins. */
  readonly chain = new AdmissionChain([...defaultAdmission.plugins, this]);

  handles(): boolean {
    return true;
  }
  admit(ctx: AdmissionContext, a: AdmissionAttributes): void | Promise<void> {
    this.note('admit', a);
    return this.onAdmit?.(ctx, a);
  }
  validate(ctx: AdmissionContext, a: AdmissionAttributes): void | Promise<void> {
    this.note('validate', a);
    return this.onValidate?.(ctx, a);
  }
  reset(): void {
    this.seen.length = 0;
    this.onAdmit = undefined;
    this.onValidate = undefined;
  }
  private note(phase: Seen['phase'], a: AdmissionAttributes): void {
    const { group, version, kind } = a.kind;
    this.seen.push({
      phase,
      operation: a.operation,
      resource: a.def.resource,
      subresource: a.subresource,
      kind: `${group}/${version}/${kind}`,
      namespace: a.namespace,
      name: a.name,
      dryRun: a.dryRun,
      options: a.options,
      object: a.object === undefined ? undefined : cloneJson(a.object),
      oldObject: a.oldObject === undefined ? undefined : cloneJson(a.oldObject),
    });
  }
}
