import {
  BOOL,
  type CelType,
  compile,
  kubernetesEnvironment,
  mapOf,
  Program,
  QUANTITY_TYPE,
  type Range,
  type SizedNode,
  STRING,
  structType,
  typeText,
} from '../../cel/index.js';
import { internalField } from '../../machinery/field.js';
import type { FieldNode } from '../generic/field-node.js';
import { checkItems } from './collections.js';

// What the expression of a selector sees: the device that may be selected
// (k8s.io/dynamic-resource-allocation/cel/compile.go).

const MAX_SELECTORS = 32;
const MAX_EXPRESSION_BYTES = 10 * 1024;
/** Cost units that one expression may come to at most. */
const MAX_COST = 1_000_000;

const DRIVER_LENGTH = 63;
const DOMAIN_LENGTH = 63;
const ID_LENGTH = 32;
const VALUE_LENGTH = 64;
const MAX_ENTRIES = 32;

/** Of any type, which only evaluation tells; cel-go calls it so. */
const ANY: CelType = { kind: 'dyn', name: 'any', params: [] };
const DEVICE = 'kubernetes.DRADevice';

const FIELDS: ReadonlyMap<string, CelType> = new Map([
  ['driver', STRING],
  ['allowMultipleAllocations', BOOL],
  ['attributes', mapOf(STRING, mapOf(STRING, ANY))],
  ['capacity', mapOf(STRING, mapOf(STRING, QUANTITY_TYPE))],
]);

const ENVIRONMENT = kubernetesEnvironment({
  variables: new Map([['device', structType(DEVICE)]]),
  provider: {
    hasStruct: (name) => name === DEVICE,
    fieldType: (struct, field) => (struct === DEVICE ? FIELDS.get(field) : undefined),
  },
  bindings: true,
});

interface Sized {
  readonly most: number;
  readonly keys?: Sized;
  readonly values?: Sized;
  /** Members of these maps are all alike, so that `attributes.x` has a size too. */
  readonly isAttributes?: boolean;
}

const domains = (values: Sized, isAttributes: boolean): Sized => {
  const inner = { most: MAX_ENTRIES, keys: { most: ID_LENGTH }, values, isAttributes };
  return { most: MAX_ENTRIES, keys: { most: DOMAIN_LENGTH }, values: inner };
};
const SIZES: Readonly<Record<string, Sized>> = {
  driver: { most: DRIVER_LENGTH },
  allowMultipleAllocations: { most: 1 },
  attributes: domains({ most: VALUE_LENGTH }, true),
  capacity: domains({ most: 0 }, false),
};

function step(at: Sized, name: string): Sized | undefined {
  if (name === '@keys') return at.keys;
  if (name === '@items' || name === '@values' || at.isAttributes === true) return at.values;
  return undefined;
}

function sizeAt({ path }: SizedNode): Range | undefined {
  const [variable, field, ...rest] = path;
  if (variable !== 'device') return undefined;
  if (field === undefined) return { min: 0, max: 0 };
  let at: Sized | undefined = Object.hasOwn(SIZES, field) ? SIZES[field] : undefined;
  for (const name of rest) at = at === undefined ? undefined : step(at, name);
  return at === undefined ? undefined : { min: 0, max: at.most };
}

const isBoolOrAny = (type: CelType): boolean => type.kind === 'bool' || type.name === 'any';

function checkSelector(selector: FieldNode): void {
  const cel = selector.child('cel');
  if (cel === undefined) {
    selector.required('cel');
    return;
  }
  const text = cel.text('expression');
  if (Buffer.byteLength(text) > MAX_EXPRESSION_BYTES) {
    cel.tooLong('expression', MAX_EXPRESSION_BYTES);
    return;
  }
  const made = compile(text, ENVIRONMENT);
  if (!(made instanceof Program)) {
    if (made.kind === 'invalid') cel.invalid('expression', made.message, text);
    else cel.problems.push(internalField(cel.at('expression'), made.message));
    return;
  }
  if (!isBoolOrAny(made.type)) {
    cel.invalid('expression', `must evaluate to bool or the unknown type, not ${typeText(made.type)}`, text);
    return;
  }
  if (made.estimate(sizeAt).max > MAX_COST) {
    cel.forbidden('expression', 'too complex, exceeds cost limit');
  }
}

/** Field errors of what devices are selected by. */
export function checkSelectors(owner: FieldNode): void {
  checkItems(owner, 'selectors', MAX_SELECTORS, checkSelector);
}
