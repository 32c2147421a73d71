import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../machinery/json.js';
import { fieldErrorsOf } from '../../generic/field-errors.testkit.js';
import { strategyFor } from '../../index.js';

/** A valid object with its defaults, changed by `change` before or after them. */
function made(
  resource: string,
  group: string,
  obj: JsonObject,
  change: (o: JsonObject) => void = () => undefined,
): JsonObject {
  const copy = structuredClone(obj);
  change(copy);
  strategyFor(group, resource).defaults?.(copy);
  return copy;
}

describe('configuration and services', () => {
  it('an immutable config map keeps its data', () => {
    const old: JsonObject = { metadata: { name: 'c' }, immutable: true, data: { a: '1' } };
    expect(fieldErrorsOf('', 'configmaps')({ ...old, data: { a: '2' } }, old)).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });

  it('a service keeps its address, and names its ports when it has several', () => {
    const service: JsonObject = { metadata: { name: 's' }, spec: { ports: [{ port: 80 }, { port: 81 }] } };
    const fieldErrors = fieldErrorsOf('', 'services');
    expect(fieldErrors(made('services', '', service))).toEqual([
      'spec.ports[0].name: Required value',
      'spec.ports[1].name: Required value',
    ]);
    const withAddress = (ip: string) =>
      made('services', '', {
        metadata: { name: 's' },
        spec: { clusterIP: ip, clusterIPs: [ip], ports: [{ port: 80 }] },
      });
    expect(fieldErrors(withAddress('10.96.0.9'), withAddress('10.96.0.8'))).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: may not change once set',
    ]);
  });
});
