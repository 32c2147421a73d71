import type { Registry } from 'prom-client';
import { counterIn } from '../counter.js';
import type { AdmissionAttributes } from '../types.js';
import type { LevelVersion } from './levels.js';
import type { Mode } from './policy.js';

/** The newest minor release that a label may name without being of the future. */
const MINOR = 36;

const resourceLabel = (a: AdmissionAttributes): string =>
  a.def.resource === 'pods' ? 'pod' : a.def.resource === 'namespaces' ? 'namespace' : 'controller';

const of = (a: AdmissionAttributes) => ({
  request_operation: a.operation.toLowerCase(),
  resource: resourceLabel(a),
  subresource: a.subresource,
});

/** What kube-apiserver counts about PodSecurity, under its names. Versions that are still to come are one label value. */
export class PodSecurityMetrics {
  private readonly evaluations;
  private readonly exemptions;
  private readonly errors;

  constructor(registry: Registry | undefined) {
    const request = ['request_operation', 'resource', 'subresource'] as const;
    this.evaluations = counterIn(registry, {
      name: 'pod_security_evaluations_total',
      help: 'Number of policy evaluations that occurred, not counting ignored or exempt requests.',
      labelNames: ['decision', 'policy_level', 'policy_version', 'mode', ...request],
    });
    this.exemptions = counterIn(registry, {
      name: 'pod_security_exemptions_total',
      help: 'Number of exempt requests, not counting ignored or out of scope requests.',
      labelNames: [...request],
    });
    this.errors = counterIn(registry, {
      name: 'pod_security_errors_total',
      help: 'Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.',
      labelNames: ['fatal', ...request],
    });
    const privileged = { decision: 'allow', policy_level: 'privileged', policy_version: 'latest', mode: 'enforce' };
    for (const request_operation of ['create', 'update']) {
      this.evaluations.inc({ ...privileged, request_operation, resource: 'pod', subresource: '' }, 0);
      for (const resource of ['pod', 'controller']) {
        this.exemptions.inc({ request_operation, resource, subresource: '' }, 0);
      }
    }
  }

  evaluated(decision: 'allow' | 'deny', { level, version }: LevelVersion, mode: Mode, a: AdmissionAttributes): void {
    const latest = level === 'privileged' || version.minor === Number.POSITIVE_INFINITY;
    const policy_version = latest ? 'latest' : version.minor > MINOR ? 'future' : version.text;
    this.evaluations.inc({ decision, policy_level: level, policy_version, mode, ...of(a) });
  }

  exempted(a: AdmissionAttributes): void {
    this.exemptions.inc(of(a));
  }

  failed(fatal: boolean, a: AdmissionAttributes): void {
    this.errors.inc({ fatal: String(fatal), ...of(a) });
  }
}
