import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { definitionOf } from './definition.js';
import { ServedResources } from './served.js';

const definition = (established: boolean, conversion = 'None', more: JsonObject = {}): JsonObject => ({
  metadata: { name: 'gadgets.example.com', uid: 'u' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'gadgets', kind: 'Gadget' },
    conversion: { strategy: conversion },
    versions: [
      { name: 'v1', served: true, storage: true },
      { name: 'v2', served: true, storage: false, ...more },
    ],
  },
  status: { conditions: [{ type: 'Established', status: established ? 'True' : 'False' }] },
});

describe('what is served of custom resources', () => {
  const served = new ServedResources();
  const found = (version: string): string | undefined => served.find('example.com', version, 'gadgets')?.def.kind;

  it('is nothing before a definition is established', () => {
    expect(served.set([definitionOf(definition(false), 1)])).toBe(false);
    expect(found('v1')).toBeUndefined();
    expect(served.hasGroup('example.com')).toBe(false);
  });

  it('is every served version, the same one as long as the definition does not change', () => {
    expect(served.set([definitionOf(definition(true), 1)])).toBe(true);
    expect([found('v1'), found('v2')]).toEqual(['Gadget', 'Gadget']);
    const before = served.find('example.com', 'v1', 'gadgets');
    expect(served.set([definitionOf(definition(true), 1)])).toBe(false);
    expect(served.find('example.com', 'v1', 'gadgets')).toBe(before);
    expect(served.set([definitionOf(definition(true, 'None', { served: false }), 1)])).toBe(true);
    expect([found('v1'), found('v2')]).toEqual(['Gadget', undefined]);
  });

  it('is every version where a webhook converts', () => {
    served.set([definitionOf(definition(true, 'Webhook'), 1)]);
    expect([found('v1'), found('v2')]).toEqual(['Gadget', 'Gadget']);
  });

  it('ends with the definition', () => {
    expect(served.set([])).toBe(true);
    expect(served.groups()).toEqual([]);
  });
});
