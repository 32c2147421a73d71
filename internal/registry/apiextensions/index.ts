import { child, children, ensureChild, str, strings } from '../../machinery/access.js';
import { Breath } from '../../machinery/breathe.js';
import type { FieldError } from '../../machinery/field.js';
import { drive, type Flow } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { FieldNode, validating } from '../generic/field-node.js';
import type { GroupStrategies, Strategy } from '../types.js';
import { approvalErrors } from './approval.js';
import { defaultDefinition } from './defaults.js';
import { hasValidBundle } from './conversion.js';
import { checkNames } from './names.js';
import { openApiErrors } from './open-api.js';
import { prepareSchemas } from './prepare.js';
import { checkDefinitionSpec, type SpecLenience } from './spec.js';
import { structuralErrors } from './structural.js';

// The definitions themselves; the resources that they define are served elsewhere.

/** Every version that was ever the one that is stored stays listed until somebody has rewritten the objects. */
function noteStorageVersion(crd: JsonObject): void {
  const status = ensureChild(crd, 'status');
  const stored = strings(status, 'storedVersions');
  // Of several, which is refused, kube-apiserver notes the first.
  const first = children(child(crd, 'spec'), 'versions').find((version) => version['storage'] === true);
  const name = str(first, 'name');
  if (first !== undefined && !stored.includes(name)) stored.push(name);
  status['storedVersions'] = stored;
}

function checkName(root: FieldNode): void {
  const metadata = root.struct('metadata');
  const name = metadata.text('name');
  const spec = root.struct('spec');
  if (name !== '' && name !== `${spec.struct('names').text('plural')}.${spec.text('group')}`) {
    metadata.invalid('name', 'must be spec.names.plural+"."+spec.group');
  }
}

const missingVersion = (name: string): string =>
  `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage ` +
  `migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;

/** What `/status` leaves may lack the storage version: the next write of the spec adds it. */
function checkStored(status: FieldNode, versions: readonly FieldNode[], needsStorage: boolean): void {
  const stored = status.texts('storedVersions');
  const printed = stored.length === 0 ? null : stored;
  if (stored.length === 0) {
    status.invalid('storedVersions', 'must have at least one stored version', printed);
    return;
  }
  const left = new Map(stored.map((name, i) => [name, i]));
  for (const version of versions) {
    const name = version.text('name');
    const known = left.delete(name);
    if (!known && needsStorage && version.flag('storage')) {
      status.invalid('storedVersions', `must have the storage version ${name}`, printed);
    }
  }
  for (const [name, i] of left) status.invalid(`storedVersions[${i}]`, missingVersion(name), name);
}

function* checkDefinition(root: FieldNode, lenience: SpecLenience, breath: Breath): Flow<void> {
  const spec = root.struct('spec');
  yield* checkDefinitionSpec(spec, lenience, breath);
  const status = root.struct('status');
  checkNames(status.struct('acceptedNames'));
  checkStored(status, spec.list('versions'), true);
}

const PRESERVE =
  'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';

const schemasOf = (crd: JsonObject): JsonObject[] =>
  new FieldNode(crd)
    .struct('spec')
    .list('versions')
    .map((v) => v.struct('schema').child('openAPIV3Schema')?.value)
    .filter((schema) => schema !== undefined);

/** What is wrong with a new definition. Others get their turn meanwhile. */
function* createErrors(crd: JsonObject): Flow<FieldError[]> {
  yield* prepareSchemas(schemasOf(crd));
  const root = new FieldNode(crd);
  checkName(root);
  yield* checkDefinition(root, {}, new Breath());
  root.add(...approvalErrors(crd, undefined));
  if (root.struct('spec').flag('preserveUnknownFields')) root.struct('spec').invalid('preserveUnknownFields', PRESERVE);
  return root.problems;
}

const isEstablished = (crd: JsonObject): boolean =>
  children(child(crd, 'status'), 'conditions').some((c) => c['type'] === 'Established' && c['status'] === 'True');

/** What is wrong with the schemas of the stored definition need not be put right by whoever changes something else. */
function* lenienceOf(old: JsonObject, breath: Breath): Flow<SpecLenience> {
  const schemas = new FieldNode(old)
    .struct('spec')
    .list('versions')
    .map((v) => v.struct('schema').child('openAPIV3Schema')?.value);
  const present = schemas.filter((s) => s !== undefined);
  // Once for all: schemas may have thousands of parts. Nothing that is asked for below is about expressions.
  const details = new Set<string>();
  let notStructural = false;
  for (const s of present) {
    for (const { detail } of yield* openApiErrors(s, '', {}, breath, true)) details.add(detail);
    notStructural ||= (yield* structuralErrors(s, '', breath)).length > 0;
  }
  const isThere = (text: string): boolean => [...details].some((detail) => detail.includes(text));
  return {
    storedSchemas: new Set(present.map((s) => JSON.stringify(s))),
    hasValidBundle: hasValidBundle(new FieldNode(old).struct('spec')),
    noSchema: present.length < schemas.length,
    notStructural,
    anyType: isThere('supported values: "array"'),
    anySet: isThere('must be atomic as item of a list'),
    anyKeys: isThere('x-kubernetes-list-map-keys, so it') || isThere('cannot be nullable when'),
  };
}

/** What is wrong with a changed definition. Others get their turn meanwhile. */
function* updateErrors(crd: JsonObject, old: JsonObject): Flow<FieldError[]> {
  yield* prepareSchemas(schemasOf(crd));
  const breath = new Breath();
  const root = new FieldNode(crd);
  yield* checkDefinition(root, yield* lenienceOf(old, breath), breath);
  const spec = root.struct('spec');
  const before = child(old, 'spec');
  const names = spec.struct('names');
  if (isEstablished(old)) {
    spec.immutable('scope', before);
    names.immutable('kind', child(before, 'names'));
  }
  spec.immutable('group', before);
  names.immutable('plural', child(before, 'names'));
  root.add(...approvalErrors(crd, old));
  if (spec.flag('preserveUnknownFields') && before?.['preserveUnknownFields'] !== true) {
    spec.invalid('preserveUnknownFields', PRESERVE);
  }
  return root.problems;
}

const customResourceDefinitions: Strategy = {
  nameRule: 'dns1123Subdomain',
  defaults: defaultDefinition,
  prepareForCreate(_ctx, crd) {
    crd['status'] = { acceptedNames: { plural: '', kind: '' } };
    noteStorageVersion(crd);
  },
  prepareForUpdate(_ctx, crd) {
    noteStorageVersion(crd);
  },
  validate: (crd) => drive(createErrors(crd)),
  validateUpdate: (crd, old) => drive(updateErrors(crd, old)),
  validateStatusUpdate: (crd, old) =>
    validating(crd, (root) => {
      const status = root.struct('status');
      checkNames(status.struct('acceptedNames'));
      checkStored(status, new FieldNode(old).struct('spec').list('versions'), false);
    }),
};

/** Resources of the apiextensions.k8s.io group by their plural name. */
export const apiextensions: GroupStrategies = { customresourcedefinitions: customResourceDefinitions };
