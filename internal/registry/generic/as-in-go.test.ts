import { describe, expect, it } from 'vitest';
import { cloneDecoded, copyOf } from '../../machinery/emptied.js';
import type { JsonObject } from '../../machinery/json.js';
import { decodeBody } from '../../schema/codec/index.js';
import { asInGo, mapInGo } from './as-in-go.js';
import { goDiff } from './go-diff.js';

const TEMPLATE = 'io.k8s.api.core.v1.PodTemplate';

/** A pod template as a client's body becomes one. */
function decoded(template: JsonObject): JsonObject {
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 't' }, template });
  const { object } = decodeBody(Buffer.from(body), 'application/json', TEMPLATE, undefined, 'Strict');
  return object['template'] as JsonObject;
}

describe('the form of objects in field errors', () => {
  it('has every field under its Go name, and the fields of metadata among them', () => {
    const shown = asInGo(
      { metadata: { labels: { b: '1' } }, spec: { hostNetwork: true, securityContext: {} } },
      'core.v1.PodTemplateSpec',
    );
    expect(Object.keys(shown)).toEqual(['labels', 'Spec']);
    const spec = shown['Spec'] as JsonObject;
    expect(spec).toMatchObject({ Volumes: null, RestartPolicy: '', DNSPolicy: '', SetHostnameAsFQDN: null });
    expect(spec['SecurityContext']).toMatchObject({ HostNetwork: true, HostPID: false, SELinuxOptions: null });
    expect(spec).not.toHaveProperty('HostNetwork');
  });

  it('shows selectors in the order of their fields and maps in the order of their keys', () => {
    const selector = { matchExpressions: [{ operator: 'Exists', key: 'k' }], matchLabels: { b: '2', a: '1' } };
    expect(JSON.stringify(asInGo(selector, 'meta.v1.LabelSelector'))).toBe(
      '{"matchLabels":{"a":"1","b":"2"},"matchExpressions":[{"key":"k","operator":"Exists"}]}',
    );
  });

  it('keeps what was written down empty apart from what was not written down, also in copies', () => {
    const template = decoded({
      metadata: { labels: {} },
      spec: { containers: [{ name: 'c', image: 'i', command: [] }] },
    });
    for (const o of [template, cloneDecoded(template)]) {
      const meta = o['metadata'] as JsonObject;
      expect(meta).not.toHaveProperty('labels');
      expect(mapInGo(meta, 'labels')).toEqual({});
      expect(mapInGo(copyOf(meta), 'labels')).toEqual({});
      expect(mapInGo(meta, 'annotations')).toBeNull();
      const { Containers } = asInGo(o['spec'] as JsonObject, 'core.v1.PodSpec');
      expect(Containers).toMatchObject([{ Name: 'c', Command: [], Args: null }]);
    }
    const meta = template['metadata'] as JsonObject;
    meta['labels'] = { a: '1' };
    expect(mapInGo(meta, 'labels')).toEqual({ a: '1' });
  });

  it('is compared line by line', () => {
    const container = (image: string): JsonObject => ({ name: 'c', image });
    expect(goDiff(container('a<b'), container('a'), 'core.v1.Container')).toBe(
      '@@ -1,6 +1,6 @@\n {\n  "Name": "c",\n- "Image": "a\\u003cb",\n+ "Image": "a",\n  "Command": null,\n  "Args": null,\n  "WorkingDir": "",\n',
    );
  });
});
