import { isIP } from 'node:net';
import { FatalError } from '../../internal/machinery/assert.js';
import { checkAdmissionConfiguration, pluginFaults } from './admission.js';
import { archiveFaults } from './archive-flags.js';
import { auditFaults } from './audit.js';
import { authenticationFaults } from './authentication.js';
import { authorizationFaults } from './authorization.js';
import { portRange } from './addresses.js';
import { type FlagValues, refusedFlags } from './flags.js';
import { transportFaults } from './tls-flags.js';
import { serviceAccountFaults } from './service-account-flags.js';

const MAX_PORT = 65_535;
/** The replica's clock ticks so often. */
const TICK_MS = 50;

/** Checks the values of flags before anything is opened. Throws FatalError with all that is wrong, in kube-apiserver's words. */
export function validateFlags(flags: FlagValues): void {
  const wrong: string[] = [];
  const port = flags.int('secure-port');
  if (port < 1 || port > MAX_PORT) {
    wrong.push(`--secure-port ${port} must be between 1 and ${MAX_PORT}, inclusive. It cannot be turned off with 0`);
  }
  const spdyPort = flags.int('spdy-bind-port');
  if (!Number.isInteger(spdyPort) || spdyPort < 0 || spdyPort > MAX_PORT) {
    wrong.push(`--spdy-bind-port ${spdyPort} must be between 0 and ${MAX_PORT}, inclusive. 0 for turning it off`);
  } else if (spdyPort === port && port !== 0) wrong.push('--spdy-bind-port must be another port than --secure-port');
  if (isIP(flags.string('bind-address')) === 0) {
    wrong.push(`--bind-address: failed to parse IP: ${JSON.stringify(flags.string('bind-address'))}`);
  }
  const reconciler = flags.string('endpoint-reconciler-type');
  if (!['lease', 'none', 'master-count'].includes(reconciler)) {
    wrong.push(`--endpoint-reconciler-type ${JSON.stringify(reconciler)} must be lease or none`);
  }
  const [heartbeatMs, electionMs] = [flags.duration('heartbeat-interval'), flags.duration('election-timeout')];
  if (heartbeatMs < TICK_MS) wrong.push(`--heartbeat-interval must be at least ${TICK_MS}ms`);
  if (electionMs < 2 * heartbeatMs) wrong.push('--election-timeout must be at least twice --heartbeat-interval');
  for (const name of [
    'max-requests-inflight',
    'max-mutating-requests-inflight',
    'min-request-timeout',
    'log-keep-entries',
  ]) {
    if (flags.int(name) < 0) wrong.push(`--${name} can not be negative value`);
  }
  const [reads, writes] = [flags.int('max-requests-inflight'), flags.int('max-mutating-requests-inflight')];
  if (flags.bool('enable-priority-and-fairness') && reads + writes === 0) {
    wrong.push(
      `invalid configuration: MaxRequestsInFlight=${reads} and MaxMutatingRequestsInFlight=${writes}; they must add up to something positive`,
    );
  }
  wrong.push(
    ...transportFaults(flags),
    ...serviceAccountFaults(flags),
    ...archiveFaults(flags),
    ...authenticationFaults(flags),
    ...authorizationFaults(flags),
  );
  wrong.push(...pluginFaults(flags));
  if (flags.string('name') === '') wrong.push('--name may not be empty');
  if (flags.string('data-dir') === '') wrong.push('--data-dir may not be empty');
  for (const { name, why } of refusedFlags(flags)) {
    wrong.push(`--${name} is ${why}, and a server that went on without it would not be protected by it: leave it away`);
  }
  const { min, max } = portRange(flags.string('service-node-port-range'), '--service-node-port-range');
  const nodePort = flags.int('kubernetes-service-node-port');
  if (nodePort < 0 || nodePort > MAX_PORT) {
    wrong.push(
      `--kubernetes-service-node-port ${nodePort} must be between 0 and ${MAX_PORT}, inclusive. If 0, the Kubernetes master service will be of type ClusterIP`,
    );
  }
  if (nodePort > 0 && (nodePort < min || nodePort > max)) {
    wrong.push(`kubernetes service node port range ${min}-${max} doesn't contain ${nodePort}`);
  }
  wrong.push(...auditFaults(flags));
  if (wrong.length > 0) throw new FatalError(wrong.join('; '));
  checkAdmissionConfiguration(flags);
}
