import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const ofSchema = fieldErrorsOf(GROUP, 'flowschemas');
const ofLevel = fieldErrorsOf(GROUP, 'prioritylevelconfigurations');

const schema = (rule: JsonObject, more: JsonObject = {}): JsonObject => ({
  metadata: { name: 's' },
  spec: { priorityLevelConfiguration: { name: 'l' }, matchingPrecedence: 5, rules: [rule], ...more },
});
const everyone = [{ kind: 'Group', group: { name: 'system:authenticated' } }];

describe('flow schemas', () => {
  it('leave the first precedence to the exempt one', () => {
    const rule = { subjects: everyone, nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] };
    expect(ofSchema(schema(rule))).toEqual([]);
    expect(ofSchema(schema(rule, { matchingPrecedence: 1 }))).toMatchInlineSnapshot(`
      [
        "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
      ]
    `);
    expect(ofSchema(schema(rule, { matchingPrecedence: 10_001 }))).toMatchInlineSnapshot(`
      [
        "spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000",
      ]
    `);
  });
  it('name a subject by the member of its kind', () => {
    const rule = {
      subjects: [{ kind: 'User', group: { name: 'g' } }],
      resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] }],
    };
    expect(ofSchema(schema(rule))).toEqual([
      "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
      "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
    ]);
  });
  it('have a wildcard alone, and only at the end of a path', () => {
    const rule = {
      subjects: everyone,
      nonResourceRules: [{ verbs: ['*', 'get'], nonResourceURLs: ['/a/*', '/a*', '/*/b', 'a'] }],
    };
    expect(ofSchema(schema(rule)).map((c) => c.replace(/^.*: /, ''))).toEqual([
      "if '*' is present, must not specify other verbs",
      'wildcard can only do suffix matching',
      'wildcard can only do suffix matching',
      'must start with slash',
    ]);
  });
  it('that are mandatory stay as they are', () => {
    const fieldErrors = ofSchema({ ...schema({ subjects: everyone }), metadata: { name: 'catch-all' } });
    expect(fieldErrors.at(-1)).toContain("spec of 'catch-all' must equal the fixed value");
  });
});

describe('priority levels', () => {
  const level = (queuing: JsonObject): JsonObject => ({
    metadata: { name: 'l' },
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Queue', queuing } } },
  });
  it('deal hands that a hash has bits for', () => {
    expect(ofLevel(level({ queues: 64, handSize: 8, queueLengthLimit: 50 }))).toEqual([]);
    expect(ofLevel(level({ queues: 64, handSize: 65, queueLengthLimit: 50 }))[0]).toContain(
      'should not be greater than queues (64)',
    );
    expect(ofLevel(level({ queues: 128, handSize: 10, queueLengthLimit: 50 }))[0]).toContain(
      'required entropy bits of deckSize 128 and handSize 10 should not be greater than 60',
    );
  });
  it('are exempt when they are called so, and only then', () => {
    expect(ofLevel({ metadata: { name: 'x' }, spec: { type: 'Exempt' } })).toMatchInlineSnapshot(`
      [
        "spec.type: Invalid value: "Exempt": must be 'Exempt' if and only if \`name\` is 'exempt'",
      ]
    `);
    expect(
      ofLevel({ metadata: { name: 'exempt' }, spec: { type: 'Exempt', exempt: { lendablePercent: 50 } } }),
    ).toEqual([]);
  });
});
