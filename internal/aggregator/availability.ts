import { CallError, type ServiceObjects } from '../callout/index.js';
import { child, children, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import type { ApiService, ServiceReference } from './api-service.js';
import { type BackendServers, SELF } from './backend-server.js';

/** What the condition Available says. */
export interface Availability {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** For one question to the server behind an APIService. */
const TIMEOUT_MS = 5_000;
/** So many questions are asked at once; one good answer suffices. */
const ATTEMPTS = 5;
/** Of a good answer nothing but its status counts. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

const LOCAL: Availability = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
};
const PASSED: Availability = { status: 'True', reason: 'Passed', message: 'all checks passed' };

const no = (reason: string, message: string): Availability => ({ status: 'False', reason, message });

/**
 * Whether an APIService can be used (kube-aggregator's AvailableConditionController). Undefined when nothing can be said,
 * because its caBundle cannot be read: then it gets no condition, and is not used. Takes at most TIMEOUT_MS.
 */
export async function availabilityOf(
  api: ApiService,
  objects: ServiceObjects,
  servers: BackendServers,
): Promise<Availability | undefined> {
  const { service } = api;
  if (service === undefined) return LOCAL;
  if (api.ca !== '' && !api.ca.includes('-----BEGIN CERTIFICATE-----')) return undefined;
  return serviceProblem(service, objects) ?? (await discoveryProblem(api, servers)) ?? PASSED;
}

/** What is wrong with the service, or undefined. */
function serviceProblem(reference: ServiceReference, objects: ServiceObjects): Availability | undefined {
  const { namespace, name, port } = reference;
  const where = `service/${name} in ${JSON.stringify(namespace)}`;
  const spec = child(objects.get('', 'services', namespace, name) ?? {}, 'spec');
  if (spec === undefined) return no('ServiceNotFound', `${where} is not present`);
  if (str(spec, 'type') !== 'ClusterIP') return undefined;
  const servicePort = children(spec, 'ports').find((p) => p['port'] === port);
  if (servicePort === undefined) return no('ServicePortError', `${where} is not listening on port ${port}`);
  const portName = str(servicePort, 'name');
  const slices = objects
    .list('discovery.k8s.io', 'endpointslices', namespace)
    .filter((s) => str(child(child(s, 'metadata'), 'labels'), 'kubernetes.io/service-name') === name);
  if (slices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${where}`);
  if (slices.some((s) => hasAddress(s, portName))) return undefined;
  return no('MissingEndpoints', `endpoints for ${where} have no addresses with port name ${JSON.stringify(portName)}`);
}

function hasAddress(slice: JsonObject, portName: string): boolean {
  if (!children(slice, 'ports').some((p) => str(p, 'name') === portName)) return false;
  return children(slice, 'endpoints').some((e) => {
    const { addresses } = e;
    return Array.isArray(addresses) && addresses.length > 0 && child(e, 'conditions')?.['ready'] !== false;
  });
}

/** What is wrong with the answers of the server behind the service, or undefined. */
async function discoveryProblem(api: ApiService, servers: BackendServers): Promise<Availability | undefined> {
  let last = '';
  const attempt = async (): Promise<void> => {
    const problem = await ask(api, servers);
    if (problem === '') return;
    last = problem;
    throw new Error(problem);
  };
  try {
    await Promise.any(Array.from({ length: ATTEMPTS }, attempt));
    return undefined;
  } catch (error) {
    // Every attempt has failed; what is told is the last to do so.
    if (!(error instanceof AggregateError) || last === '') throw error;
    return no('FailedDiscoveryCheck', last);
  }
}

/** Asks for the resources of the group and version; '' when they were answered. */
async function ask(api: ApiService, servers: BackendServers): Promise<string> {
  let url = '';
  try {
    const target = servers.target(api, `/apis/${api.group}/${api.version}`);
    ({ url } = target);
    const request = { method: 'GET', headers: SELF, timeoutMs: TIMEOUT_MS };
    const { status } = await servers.callout.call(target, request, MAX_BODY_BYTES);
    if (status >= 200 && status < 300) return '';
    return `failing or missing response from ${url}: bad status from ${url}: ${status}`;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const late = error.failure === 'timeout' ? ' (Client.Timeout exceeded while awaiting headers)' : '';
    return url === '' ? error.message : `failing or missing response from ${url}: ${error.message}${late}`;
  }
}
