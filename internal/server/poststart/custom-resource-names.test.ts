import { describe, expect, it } from 'vitest';
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
});
