import { child, children, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';

/** The service that stands behind an APIService. */
export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** One APIService, as far as serving needs it. Nobody may change it. */
export interface ApiService {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  /** Undefined for a group and version that this server serves itself. */
  readonly service: ServiceReference | undefined;
  /** PEM of the authorities that the service's certificate is checked against; '' for the system's. */
  readonly ca: string;
  readonly insecureSkipTLSVerify: boolean;
  /** Whether its condition Available is True. */
  readonly available: boolean;
  /** Whether this server keeps the object itself, and how: see `MANAGED_LABEL`. */
  readonly managed: string;
  /** The object as it is stored. */
  readonly object: JsonObject;
}

/** Label of the APIServices that the server keeps: `onstart` for built-in groups, `true` for those of custom resources. */
export const MANAGED_LABEL = 'kube-aggregator.kubernetes.io/automanaged';

const AVAILABLE = 'Available';

/** The condition Available, or undefined. */
export const availableCondition = (object: JsonObject): JsonObject | undefined =>
  children(child(object, 'status'), 'conditions').find((c) => str(c, 'type') === AVAILABLE);

const int = (o: JsonObject | undefined, key: string, otherwise: number): number => {
  const value = o?.[key];
  return typeof value === 'number' ? value : otherwise;
};

/** Reads a stored APIService. */
export function apiServiceOf(object: JsonObject): ApiService {
  const metadata = child(object, 'metadata');
  const spec = child(object, 'spec');
  const reference = child(spec, 'service');
  const condition = availableCondition(object);
  return {
    name: str(metadata, 'name'),
    group: str(spec, 'group'),
    version: str(spec, 'version'),
    groupPriority: int(spec, 'groupPriorityMinimum', 0),
    versionPriority: int(spec, 'versionPriority', 0),
    service:
      reference === undefined
        ? undefined
        : { namespace: str(reference, 'namespace'), name: str(reference, 'name'), port: int(reference, 'port', 443) },
    ca: Buffer.from(str(spec, 'caBundle'), 'base64').toString('utf8'),
    insecureSkipTLSVerify: spec?.['insecureSkipTLSVerify'] === true,
    available: condition !== undefined && str(condition, 'status') === 'True',
    managed: str(child(metadata, 'labels'), MANAGED_LABEL),
    object,
  };
}
