import { append } from '../../machinery/append.js';
import type { Schema } from '../../extensions/structural/schema.js';
import { dns1035Label, dns1123Subdomain } from '../../machinery/names.js';
import type { Breath } from '../../machinery/breathe.js';
import type { Flow } from '../../machinery/flow.js';
import { type JsonValue, isObject } from '../../machinery/json.js';
import { FieldNode } from '../generic/field-node.js';
import { checkColumn } from './columns.js';
import { checkConversion } from './conversion.js';
import { checkLabel, checkNames } from './names.js';
import { schemaErrors, type ValidationLenience } from './schema-validation.js';
import { checkSelectableFields } from './selectable-fields.js';
import { checkSubresources } from './subresources.js';
import { isShared, PARTS, type Part, sharedPart, versionsAsInGo } from './versions.js';

const SCOPES = ['Cluster', 'Namespaced'];
const MAX_WARNING_BYTES = 256;

/** What an update may keep because the stored definition already has it. */
export interface SpecLenience extends ValidationLenience {
  readonly noSchema?: boolean;
  /** The stored definition has a caBundle that is valid: it stays so. */
  readonly hasValidBundle?: boolean;
}

const schemaOf = (validation: JsonValue | undefined): Schema | undefined => {
  const schema = isObject(validation) ? validation['openAPIV3Schema'] : undefined;
  return isObject(schema) ? schema : undefined;
};

const hasStatus = (subresources: JsonValue | undefined): boolean =>
  isObject(subresources) && isObject(subresources['status']);

/** Go's unicode.IsPrint refuses these: control, format, unassigned, and separators but the space. */
const NOT_PRINTED = /(?! )[\p{C}\p{Z}]/u;

/** What is wrong with the warning about a version (validateDeprecationWarning). Lengths and places are counted in bytes. */
function warningProblems(version: FieldNode): string[] {
  if (!version.has('deprecationWarning')) return [];
  const warning = version.text('deprecationWarning');
  if (!version.flag('deprecated')) return ['can only be set for deprecated versions'];
  const problems: string[] = [];
  if (Buffer.byteLength(warning) > MAX_WARNING_BYTES) {
    problems.push(`must be <= ${MAX_WARNING_BYTES} characters long`);
  }
  if (warning === '') problems.push('must not be an empty string');
  const at = warning.search(NOT_PRINTED);
  if (at >= 0) {
    const bytes = Buffer.byteLength(warning.slice(0, at));
    problems.push(`must only contain printable UTF-8 characters; non-printable character found at index ${bytes}`);
  }
  return problems;
}

function checkGroup(spec: FieldNode): void {
  const group = spec.text('group');
  const fieldErrors = dns1123Subdomain(group);
  if (group === '') spec.required('group');
  else if (fieldErrors.length > 0) spec.invalid('group', fieldErrors.join(','));
  else if (!group.includes('.')) spec.invalid('group', 'should be a domain with at least one dot');
}

/** Field errors of one part of a version, or of all versions when they share it. `schemaKey` is how it is called there. */
function* checkPart(
  owner: FieldNode,
  part: Part,
  version: FieldNode,
  schemaKey: string,
  lenience: SpecLenience,
  breath: Breath,
): Flow<void> {
  const here = new FieldNode({ [part]: version.get(part) }, owner.path, owner.problems);
  switch (part) {
    case 'schema': {
      const status = hasStatus(version.get('subresources'));
      append(owner.problems, yield* schemaErrors(version.get('schema'), owner.at(schemaKey), status, lenience, breath));
      break;
    }
    case 'subresources': {
      const subresources = here.child('subresources');
      if (subresources !== undefined) checkSubresources(subresources);
      break;
    }
    case 'additionalPrinterColumns':
      for (const column of here.list('additionalPrinterColumns')) {
        checkColumn(column);
        if (breath.isDue()) yield breath.rest();
      }
      break;
    case 'selectableFields': {
      if (here.count('selectableFields') === 0) break;
      const schema = schemaOf(version.get('schema'));
      if (schema === undefined) {
        owner.invalid('selectableFields', 'may only be set when validations.schema is included', '');
      } else checkSelectableFields(here, schema);
      break;
    }
  }
}

function* checkVersions(
  spec: FieldNode,
  versions: readonly FieldNode[],
  lenience: SpecLenience,
  breath: Breath,
): Flow<void> {
  const own = PARTS.filter((part) => !isShared(versions, part));
  if (lenience.noSchema !== true) {
    for (const version of versions) {
      if (schemaOf(version.get('schema')) === undefined) version.required('schema.openAPIV3Schema');
    }
  }
  for (const version of versions) {
    checkLabel(version, 'name', version.text('name'));
    for (const problem of warningProblems(version)) version.invalid('deprecationWarning', problem);
    for (const part of own) yield* checkPart(version, part, version, 'schema', lenience, breath);
    if (breath.isDue()) yield breath.rest();
  }
  const names = versions.map((v) => v.text('name'));
  if (new Set(names).size < names.length) {
    spec.invalid('versions', 'must contain unique version names', versionsAsInGo(spec));
  }
  if (versions.filter((v) => v.flag('storage')).length !== 1) {
    spec.invalid('versions', 'must have exactly one version marked as storage version', versionsAsInGo(spec));
  }
  // kube-apiserver also keeps the first version's name by itself.
  const [first] = names;
  if (first !== undefined && first !== '') {
    const fieldErrors = dns1035Label(first);
    if (fieldErrors.length > 0) spec.invalid('version', fieldErrors.join(','), first);
  }
}

function* checkShared(
  spec: FieldNode,
  versions: readonly FieldNode[],
  lenience: SpecLenience,
  breath: Breath,
): Flow<void> {
  const [first] = versions;
  if (first === undefined) return;
  const anyStatus = versions.find((v) => hasStatus(v.get('subresources')));
  for (const part of PARTS) {
    if (sharedPart(versions, part) === undefined) continue;
    const version =
      part === 'schema' && anyStatus !== undefined
        ? new FieldNode({ ...first.value, subresources: anyStatus.get('subresources') }, first.path, spec.problems)
        : first;
    yield* checkPart(spec, part, version, 'validation', lenience, breath);
  }
}

/** Field errors of the spec of a CustomResourceDefinition. Others get their turn meanwhile. */
export function* checkDefinitionSpec(spec: FieldNode, lenience: SpecLenience, breath: Breath): Flow<void> {
  checkGroup(spec);
  if (spec.text('scope') === '') spec.required('scope');
  else spec.requireOneOf('scope', SCOPES);
  const versions = spec.list('versions');
  yield* checkVersions(spec, versions, lenience, breath);
  const names = spec.struct('names');
  for (const key of ['plural', 'singular', 'kind', 'listKind']) if (names.text(key) === '') names.required(key);
  checkNames(names);
  yield* checkShared(spec, versions, lenience, breath);
  if (spec.flag('preserveUnknownFields') && spec.struct('conversion').text('strategy') === 'Webhook') {
    spec.invalid('conversion.strategy', 'must be None if spec.preserveUnknownFields is true', 'Webhook');
  }
  checkConversion(spec, lenience.hasValidBundle === true);
}
