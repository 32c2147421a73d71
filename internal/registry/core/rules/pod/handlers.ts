import type { FieldNode } from '../../../generic/field-node.js';
import { checkPortOrName } from '../ports.js';
import { httpHeaderName } from '../texts.js';

function checkHttpGet(get: FieldNode): void {
  get.requireText('path');
  checkPortOrName(get, 'port');
  get.requireOneOf('scheme', ['HTTP', 'HTTPS']);
  for (const header of get.list('httpHeaders')) {
    for (const message of httpHeaderName(header.text('name'))) {
      get.invalid('httpHeaders', message, header.text('name'));
    }
  }
}

function checkHandler(handler: FieldNode, grace: number | undefined): void {
  let handlers = 0;
  const visit = (key: string, check: (action: FieldNode) => void): void => {
    const action = handler.child(key);
    if (action === undefined) return;
    if (handlers > 0) handler.forbidden(key, 'may not specify more than 1 handler type');
    else {
      handlers++;
      check(action);
    }
  };
  visit('exec', (exec) => {
    if (exec.count('command') === 0) exec.required('command');
  });
  visit('httpGet', checkHttpGet);
  visit('tcpSocket', (socket) => checkPortOrName(socket, 'port'));
  visit('grpc', (grpc) => checkPortOrName(grpc, 'port'));
  visit('sleep', (sleep) => {
    const seconds = sleep.number('seconds') ?? 0;
    if (grace !== undefined && (seconds < 0 || seconds > grace)) {
      sleep.invalid('', `must be non-negative and less than terminationGracePeriodSeconds (${grace})`, seconds);
    }
  });
  if (handlers === 0) handler.required('', 'must specify a handler type');
}

/** What runs when a container starts and before it stops. */
export function checkLifecycle(lifecycle: FieldNode | undefined, grace: number | undefined): void {
  for (const key of ['postStart', 'preStop']) {
    const handler = lifecycle?.child(key);
    if (handler !== undefined) checkHandler(handler, grace);
  }
}

const COUNTS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'];

function checkProbe(probe: FieldNode, grace: number | undefined): void {
  checkHandler(probe, grace);
  for (const key of COUNTS) probe.nonNegative(key);
  const own = probe.number('terminationGracePeriodSeconds');
  if (own !== undefined && own <= 0) probe.invalid('terminationGracePeriodSeconds', 'must be greater than 0');
}

/** The three probes of a container. */
export function checkProbes(container: FieldNode, grace: number | undefined): void {
  for (const key of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container.child(key);
    if (probe === undefined) continue;
    checkProbe(probe, grace);
    if (key === 'readinessProbe') {
      if (probe.has('terminationGracePeriodSeconds')) {
        probe.invalid('terminationGracePeriodSeconds', 'must not be set for readinessProbes');
      }
    } else if ((probe.number('successThreshold') ?? 0) !== 1) {
      probe.invalid('successThreshold', 'must be 1', probe.number('successThreshold') ?? 0);
    }
  }
}
