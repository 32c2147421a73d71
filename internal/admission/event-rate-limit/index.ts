import { child, str } from '../../machinery/access.js';
import { aggregateText } from '../../machinery/field.js';
import { StatusError } from '../../machinery/status.js';
import type { AdmissionAttributes, AdmissionPlugin, PluginParts } from '../types.js';
import { type Limit, type LimitType, limitsOf } from './configuration.js';
import { TokenBucket } from './token-bucket.js';

const KEY_OF: Readonly<Record<LimitType, (a: AdmissionAttributes) => string>> = {
  Server: () => '',
  Namespace: (a) => a.namespace,
  User: (a) => a.user.username,
  SourceAndObject(a) {
    // In the core group's version; events.k8s.io calls the same fields otherwise, and is stored as this one.
    const source = child(a.object, 'source');
    const about = child(a.object, 'involvedObject');
    return [
      str(source, 'component'),
      str(source, 'host'),
      ...['kind', 'namespace', 'name', 'uid', 'apiVersion'].map((field) => str(about, field)),
    ].join('');
  },
};

/** The buckets of one limit, those used last at the end. */
class Enforcer {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(private readonly limit: Limit) {}

  /** What is wrong with one more event, if anything. */
  refuse(a: AdmissionAttributes, nowMs: number): string | undefined {
    const { type, qps, burst, cacheSize } = this.limit;
    const key = KEY_OF[type](a);
    const bucket = this.buckets.get(key) ?? new TokenBucket(qps, burst, nowMs);
    this.buckets.delete(key);
    if (this.buckets.size >= cacheSize) {
      for (const oldest of this.buckets.keys()) {
        this.buckets.delete(oldest);
        break;
      }
    }
    this.buckets.set(key, bucket);
    return bucket.take(nowMs) ? undefined : `limit reached on type ${type} for key ${key}`;
  }
}

/** Bounds how many events come, in all, from a namespace, from a user, or of a source about an object (plugin EventRateLimit). */
export function eventRateLimit({ configuration }: PluginParts): AdmissionPlugin {
  const enforcers = limitsOf(configuration).map((limit) => new Enforcer(limit));
  return {
    name: 'EventRateLimit',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    validate(_ctx, a) {
      if (a.kind.group !== '' || a.kind.kind !== 'Event' || a.dryRun) return;
      const now = performance.now();
      const refusals = enforcers.map((enforcer) => enforcer.refuse(a, now)).filter((text) => text !== undefined);
      if (refusals.length === 0) return;
      throw new StatusError(429, 'TooManyRequests', `Too many requests: ${aggregateText(refusals)}`);
    },
  };
}
