import { describe, expect, it } from 'vitest';
import { findResource, findType, gvkOf, type Infer, resources, typeByKind, typeByName } from './index.js';
import { rowsOf, tableOrigins } from './names.js';
import type { TypeRef } from './types.js';

describe('type tables', () => {
  it('parse without a dangling reference', () => {
    const leaf = (ref: TypeRef): TypeRef => (ref.k === 'list' || ref.k === 'map' ? leaf(ref.of) : ref);
    for (const origin of tableOrigins) {
      for (const name of Object.keys(rowsOf(origin.table))) {
        for (const field of typeByName(`${origin.prefix}.${name}`).fields.values()) {
          const ref = leaf(field.ref);
          if (ref.k === 'message') expect(findType(ref.type), `${name}.${field.name}`).toBeDefined();
        }
      }
    }
  });

  it('use no protobuf number twice in one message', () => {
    for (const origin of tableOrigins) {
      for (const name of Object.keys(rowsOf(origin.table))) {
        const seen = new Set<string>();
        for (const field of typeByName(`${origin.prefix}.${name}`).fields.values()) {
          if (field.number === 0) continue;
          const path = [...(field.embedded ?? []), field.number].join('.');
          expect(seen.has(path), `${name}.${field.name} ${path}`).toBe(false);
          seen.add(path);
        }
      }
    }
  });

  it('say what Go and OpenAPI say about a field', () => {
    const pod = typeByName('io.k8s.api.core.v1.PodSpec');
    expect(pod.fields.get('containers')).toMatchObject({
      number: 2,
      required: true,
      listType: 'map',
      listMapKeys: ['name'],
      patchStrategy: 'merge',
      patchMergeKey: 'name',
      ref: { k: 'list', of: { k: 'message', type: 'io.k8s.api.core.v1.Container' } },
    });
    expect(pod.fields.get('priority')?.pointer).toBe(true);
    expect([...typeByName('core.v1.Pod').fields.keys()]).toEqual(['kind', 'apiVersion', 'metadata', 'spec', 'status']);
    expect(typeByName('core.v1.Volume').fields.get('emptyDir')).toMatchObject({ embedded: [2], number: 2 });
    expect(typeByName('certificates.v1.CertificateSigningRequestSpec').fields.get('usages')?.enum).toContain(
      'client auth',
    );
  });

  it('describe every type and field in one line', () => {
    // OpenAPI v3 refers to these types with nothing beside the reference, so they have no words of their own.
    const bare = new Set([
      'items',
      'not',
      'additionalItems',
      'additionalProperties',
      'externalDocs',
      'example',
      'http',
    ]);
    for (const origin of tableOrigins) {
      for (const name of Object.keys(rowsOf(origin.table))) {
        const type = typeByName(`${origin.prefix}.${name}`);
        expect(type.description, name).not.toBe('');
        const exempt = name === 'JSONSchemaProps' || name === 'IngressRule';
        for (const field of type.fields.values()) {
          if (exempt && bare.has(field.name)) continue;
          expect(field.description, `${name}.${field.name}`).toMatch(/^\S.*[.)]$/);
        }
      }
    }
  });

  it('give static types', () => {
    const pod: Infer<'core.v1.Pod'> = { kind: 'Pod', spec: { containers: [{ name: 'a', image: 'b' }] } };
    expect(pod.spec?.containers[0]?.image).toBe('b');
  });
});

describe('resources', () => {
  it('have a type each', () => {
    for (const r of resources)
      expect(gvkOf(r.type), r.resource).toEqual({ group: r.group, version: r.version, kind: r.kind });
  });

  it('share one storage form between the versions of a kind', () => {
    expect(findResource('autoscaling', 'v1', 'horizontalpodautoscalers')?.storage.version).toBe('v2');
    expect(findResource('events.k8s.io', 'v1', 'events')?.storage).toEqual({
      group: '',
      version: 'v1',
      resource: 'events',
    });
    expect(findResource('apps', 'v1', 'deployments')?.storage).toEqual({
      group: 'apps',
      version: 'v1',
      resource: 'deployments',
    });
    expect(findResource('apps', 'v1', 'nopes')).toBeUndefined();
  });

  it('find the kinds of meta/v1 in every group', () => {
    expect(typeByKind('apps', 'v1', 'DeleteOptions')?.name).toBe('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions');
    expect(typeByKind('meta.k8s.io', 'v1', 'Table')?.name).toBe('io.k8s.apimachinery.pkg.apis.meta.v1.Table');
    expect(typeByKind('apps', 'v1', 'PodSpec')).toBeUndefined();
  });
});
