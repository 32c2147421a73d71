import { describe, expect, it } from 'vitest';
import { children } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { NamesInUse, namedStatus } from './custom-resource-names.js';

const NOW = '2026-01-01T00:00:00Z';
const definition = (plural: string, kind: string, more: JsonObject = {}, status: JsonObject = {}): JsonObject => ({
  metadata: { name: `${plural}.example.com` },
  spec: {
    group: 'example.com',
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List`, ...more },
    versions: [{ name: 'v1', storage: true, served: true }],
  },
  status,
});
const conditions = (status: JsonObject | undefined): unknown[] =>
  ((status?.['conditions'] ?? []) as JsonObject[]).map((c) => [c['type'], c['status'], c['reason'], c['message']]);

describe('names of custom resource definitions', () => {
  it('are accepted when nobody has them, and the definition is established', () => {
    const status = namedStatus(definition('gadgets', 'Gadget', { shortNames: ['gd'] }), new NamesInUse([]), NOW);
    expect(conditions(status)).toEqual([
      ['NamesAccepted', 'True', 'NoConflicts', 'no conflicts found'],
      ['Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted'],
    ]);
    expect(status).toMatchObject({
      acceptedNames: {
        plural: 'gadgets',
        singular: 'gadget',
        kind: 'Gadget',
        listKind: 'GadgetList',
        shortNames: ['gd'],
      },
      storedVersions: ['v1'],
    });
    // Once written there is nothing left to do.
    expect(
      namedStatus(definition('gadgets', 'Gadget', { shortNames: ['gd'] }, status), new NamesInUse([]), NOW),
    ).toBeUndefined();
  });

  it('are refused when another definition of the group has them', () => {
    const first = definition('gadgets', 'Gadget');
    first['status'] = namedStatus(first, new NamesInUse([]), NOW);
    const status = namedStatus(definition('gizmos', 'Gadget'), new NamesInUse([first]), NOW);
    expect(conditions(status)).toEqual([
      ['NamesAccepted', 'False', 'ListKindConflict', '"GadgetList" is already in use'],
      ['Established', 'False', 'NotAccepted', 'not all names are accepted'],
    ]);
  });

  const OLD = '2020-01-01T00:00:00Z';
  const named = (definition: JsonObject): JsonObject => ({
    ...definition,
    status: namedStatus(definition, new NamesInUse([]), NOW) ?? {},
  });
  const NAMES = { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' };

  it('are all that is told, with the time and the version that is stored', () => {
    const given = definition('gadgets', 'Gadget', { categories: ['all'] });
    (given['spec'] as JsonObject)['versions'] = [
      { name: 'v1', storage: false },
      { name: 'v2', storage: true },
    ];
    const before = structuredClone(given);
    expect(namedStatus(given, new NamesInUse([]), NOW)).toEqual({
      acceptedNames: { ...NAMES, categories: ['all'] },
      conditions: [
        {
          type: 'NamesAccepted',
          status: 'True',
          lastTransitionTime: NOW,
          reason: 'NoConflicts',
          message: 'no conflicts found',
        },
        {
          type: 'Established',
          status: 'True',
          lastTransitionTime: NOW,
          reason: 'InitialNamesAccepted',
          message: 'the initial names have been accepted',
        },
      ],
      storedVersions: ['v2'],
    });
    expect(given).toEqual(before);
  });

  it.each<[string, string, JsonObject, string, string, JsonObject]>([
    ['tools', 'Tool', { plural: 'gadgets' }, 'PluralConflict', '"gadgets" is already in use', { plural: undefined }],
    ['tools', 'Tool', { plural: 'gd' }, 'PluralConflict', '"gd" is already in use', { plural: undefined }],
    [
      'tools',
      'Tool',
      { singular: 'gadget' },
      'SingularConflict',
      '"gadget" is already in use',
      { singular: undefined },
    ],
    ['tools', 'Tool', { shortNames: ['t', 'gd'] }, 'ShortNamesConflict', '"gd" is already in use', {}],
    [
      'tools',
      'Tool',
      { shortNames: ['gd', 'gadgets', 't'] },
      'ShortNamesConflict',
      '["gd" is already in use, "gadgets" is already in use]',
      {},
    ],
    ['tools', 'Tool', { kind: 'Gadget' }, 'KindConflict', '"Gadget" is already in use', { kind: undefined }],
    ['tools', 'Tool', { kind: 'GadgetList' }, 'KindConflict', '"GadgetList" is already in use', { kind: undefined }],
    [
      'tools',
      'Tool',
      { listKind: 'GadgetList' },
      'ListKindConflict',
      '"GadgetList" is already in use',
      { listKind: undefined },
    ],
  ])('of %s (%s, %j) are refused for %s', (plural, kind, more, reason, message, refused) => {
    const other = named(definition('gadgets', 'Gadget', { shortNames: ['gd'] }));
    const status = namedStatus(definition(plural, kind, more), new NamesInUse([other]), NOW);
    expect(conditions(status)).toEqual([
      ['NamesAccepted', 'False', reason, message],
      ['Established', 'False', 'NotAccepted', 'not all names are accepted'],
    ]);
    const accepted = { plural: 'tools', singular: 'tool', kind: 'Tool', listKind: 'ToolList', ...refused };
    expect(status?.['acceptedNames']).toEqual(accepted);
  });

  it('are free where they are those of another group, of nobody yet, or its own', () => {
    const own = named(definition('gadgets', 'Gadget', { shortNames: ['gd'] }));
    const unnamed = { ...definition('tools', 'Gadget'), metadata: { name: 'tools.example.com' } };
    const elsewhere = named({
      ...definition('gadgets', 'Gadget'),
      metadata: { name: 'gadgets.other.com' },
      spec: { ...(definition('gadgets', 'Gadget')['spec'] as JsonObject), group: 'other.com' },
    });
    const inUse = new NamesInUse([own, unnamed, elsewhere]);
    expect(namedStatus(own, inUse, NOW)).toBeUndefined();
    expect(inUse.hasResource('example.com', '', 'x')).toBe(false);
    expect(inUse.hasKind('example.com', '', 'x')).toBe(false);
    expect(inUse.hasResource('example.com', 'gadgets', 'x')).toBe(true);
    expect(inUse.hasResource('example.com', 'Gadget', 'x')).toBe(false);
    expect(inUse.hasKind('example.com', 'Gadget', 'x')).toBe(true);
    expect(inUse.hasKind('example.com', 'gadgets', 'x')).toBe(false);
    expect(inUse.hasResource('other.com', 'gd', 'x')).toBe(false);
    // Of two that have it, each meets the other.
    const both = new NamesInUse([own, { ...own, metadata: { name: 'x' } }]);
    expect([
      both.hasResource('example.com', 'gd', 'x'),
      both.hasKind('example.com', 'Gadget', 'gadgets.example.com'),
    ]).toEqual([true, true]);
  });

  it('that were accepted stay so, and the definition established, when new ones are refused', () => {
    const other = named(definition('tools', 'Tool'));
    const own = named(definition('gadgets', 'Gadget', { shortNames: ['gd'], categories: ['all'] }));
    const old = own['status'] as JsonObject;
    old['conditions'] = (old['conditions'] as JsonObject[]).map((c) => ({ ...c, lastTransitionTime: OLD }));
    old['storedVersions'] = ['v0'];
    const changed = { ...definition('gadgets', 'Tool', { singular: 'gizmo' }), status: old };
    const status = namedStatus(changed, new NamesInUse([own, other]), NOW);
    expect(conditions(status)).toEqual([
      ['NamesAccepted', 'False', 'ListKindConflict', '"ToolList" is already in use'],
      ['Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted'],
    ]);
    const times = children(status, 'conditions').map((c) => c['lastTransitionTime']);
    expect(times).toEqual([NOW, OLD]);
    expect(status?.['acceptedNames']).toEqual({ ...NAMES, singular: 'gizmo' });
    expect(status?.['storedVersions']).toEqual(['v0']);
  });

  it('keep the time of a condition while its status stays, and the place of all others', () => {
    const other = { type: 'Terminating', status: 'False' };
    const stale = { type: 'NamesAccepted', status: 'True', reason: 'x', message: 'y' };
    const status = (more: JsonObject) =>
      namedStatus(
        definition('gadgets', 'Gadget', {}, { conditions: [{ ...stale, ...more }, other] }),
        new NamesInUse([]),
        NOW,
      );
    const times = (of: JsonObject | undefined): unknown[] =>
      ((of?.['conditions'] ?? []) as JsonObject[]).map((c) => [c['type'], c['lastTransitionTime']]);
    expect(times(status({ lastTransitionTime: OLD }))).toEqual([
      ['NamesAccepted', OLD],
      ['Terminating', undefined],
      ['Established', NOW],
    ]);
    expect(times(status({}))[0]).toEqual(['NamesAccepted', NOW]);
    expect(times(status({ lastTransitionTime: OLD, status: 'False' }))[0]).toEqual(['NamesAccepted', NOW]);
    const refused = { conditions: [{ type: 'Established', status: 'False', lastTransitionTime: OLD }] };
    expect(times(namedStatus(definition('gadgets', 'Gadget', {}, refused), new NamesInUse([]), NOW))).toEqual([
      ['Established', NOW],
      ['NamesAccepted', NOW],
    ]);
  });
});
