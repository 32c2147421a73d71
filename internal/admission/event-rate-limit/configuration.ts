import { children, num, str } from '../../machinery/access.js';
import { FatalError } from '../../machinery/assert.js';
import { errorText, type FieldError, invalidValue, notSupported } from '../../machinery/field.js';
import { checkFields, checkKind } from '../../schema/codec/configuration.js';
import type { PluginConfiguration } from '../config-file.js';

const TYPES = ['Namespace', 'Server', 'SourceAndObject', 'User'] as const;
export type LimitType = (typeof TYPES)[number];

/** Buckets that are kept of one type, unless the configuration says how many. */
const CACHE_SIZE = 4096;

export interface Limit {
  readonly type: LimitType;
  /** Events a second, once the burst is used up. */
  readonly qps: number;
  /** Events at once. */
  readonly burst: number;
  /** Buckets that are kept; who was not heard of longest loses his, and begins with a full one. */
  readonly cacheSize: number;
}

const isType = (type: string): type is LimitType => TYPES.some((known) => known === type);

/** The limits of the plugin's Configuration. Throws FatalError for one that is wrong, or that is missing. */
export function limitsOf(configuration: PluginConfiguration | undefined): Limit[] {
  const object = configuration?.object;
  const path = configuration?.path ?? '--admission-control-config-file';
  if (object !== undefined) {
    checkKind(object, path, 'Configuration', ['eventratelimit.admission.k8s.io/v1alpha1']);
    checkFields(object, path, '', ['apiVersion', 'kind', 'limits']);
  }
  const errors: FieldError[] = [];
  const limits: Limit[] = [];
  const given = children(object, 'limits');
  if (given.length === 0) errors.push(invalidValue('limits', null, 'must not be empty'));
  for (const [i, limit] of given.entries()) {
    const at = `limits[${i}]`;
    checkFields(limit, path, `${at}.`, ['type', 'qps', 'burst', 'cacheSize']);
    const type = str(limit, 'type');
    const [burst, qps, size] = [num(limit, 'burst') ?? 0, num(limit, 'qps') ?? 0, num(limit, 'cacheSize') ?? 0];
    if (burst <= 0) errors.push(invalidValue(`${at}.burst`, burst, 'must be positive'));
    if (qps <= 0) errors.push(invalidValue(`${at}.qps`, qps, 'must be positive'));
    if (!isType(type)) errors.push(notSupported(`${at}.type`, type, TYPES));
    else {
      if (type !== 'Server' && size < 0) errors.push(invalidValue(`${at}.cacheSize`, size, 'must not be negative'));
      limits.push({ type, qps, burst, cacheSize: size === 0 ? CACHE_SIZE : size });
    }
  }
  if (errors.length > 0) {
    throw new FatalError(
      `${path}: couldn't init admission plugin "EventRateLimit": ${errors.map(errorText).join(', ')}. Configure the plugin there.`,
    );
  }
  return limits;
}
