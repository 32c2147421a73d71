import { finalizerWarnings } from '../warnings/objects.js';
import { append } from '../../machinery/append.js';
import { valueAt, simplePath } from '../../extensions/jsonpath.js';
import type { ServedVersion } from '../../extensions/served.js';
import { listErrors } from '../../extensions/structural/lists.js';
import { valueErrors } from '../../extensions/structural/values.js';
import { type FieldError, invalidValue } from '../../machinery/field.js';
import { Breath } from '../../machinery/breathe.js';
import { drive, type Flow } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { StatusError } from '../../machinery/status.js';
import { customResourceFilter, planOfSchema } from '../../schema/apply/index.js';
import { objectKey } from '../../store/keys.js';
import type { Strategy } from '../types.js';
import type { Calls } from './conversion.js';
import { customColumns } from './columns.js';
import { coerceTo, defaultsOf } from './coerce.js';
import { embeddedErrorsOf } from './embedded.js';
import { hasRules, ruleErrors, type Rules, rulesOf } from './rules.js';
import { startCompilation, startEvaluation, startRatcheting } from './metrics.js';
import { scaleErrors } from './scale.js';
import { renewerOf, versionConverter } from './versions.js';

/** Metadata that `/status` leaves alone: all of it but managedFields. */
const STATUS_KEEPS = [
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generateName',
  'selfLink',
] as const;

/** After these the rules of the schema are not looked at: they could not rely on the form of the object. */
const BLOCKING: readonly string[] = [
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
];

const NOT_CHECKED = invalidValue(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

const strategies = new WeakMap<ServedVersion, Strategy>();

/** The strategy of one version of a custom resource; made once. */
export function customStrategy(served: ServedVersion, calls?: Calls): Strategy {
  let strategy = strategies.get(served);
  if (strategy === undefined) {
    strategy = makeStrategy(served, calls);
    strategies.set(served, strategy);
  }
  return strategy;
}

/** The field errors of everything that looks at the object; `old` is what it changes. */
function validatorOf({
  def,
  version,
}: ServedVersion): (obj: JsonObject, old: JsonObject | undefined, warnings: string[]) => Flow<FieldError[]> {
  const { schema } = version;
  const isRuled = hasRules(schema);
  let rules: Rules | undefined;
  const embeddedErrors = embeddedErrorsOf(schema);
  return function* (obj, old, warnings) {
    const out: FieldError[] = [];
    if (obj['kind'] !== def.kind) out.push(invalidValue('kind', obj['kind'], `must be ${def.kind}`));
    // What is about no field in particular names none.
    const compared = old === undefined ? undefined : startRatcheting();
    const wrong = yield* valueErrors(schema, obj, '', old);
    compared?.();
    for (const e of wrong) out.push(e.field === '' ? { ...e, field: '<nil>' } : e);
    append(out, scaleErrors(obj, version.scale));
    if (embeddedErrors !== undefined) append(out, embeddedErrors(obj));
    if (old === undefined || listErrors(old, schema).length === 0) append(out, listErrors(obj, schema));
    if (!isRuled) return out;
    if (out.some((e) => BLOCKING.includes(e.type))) out.push(NOT_CHECKED);
    else {
      if (rules === undefined) {
        const compiled = startCompilation();
        rules = yield* rulesOf(schema, new Breath());
        compiled();
      }
      const evaluated = startEvaluation();
      append(out, yield* ruleErrors(rules, obj, old, warnings));
      evaluated();
    }
    return out;
  };
}

/** The schema of the status is looked at by itself: texts name fields from there. */
const asOfStatus = (e: FieldError): FieldError => ({ ...e, detail: e.detail.replace(/^status\.(\S+ in body)/, '$1') });

function selectable(paths: readonly string[]): Pick<Strategy, 'fields' | 'fieldNames'> {
  const fields = paths.flatMap((path) => {
    const names = simplePath(path);
    return names === undefined ? [] : [{ label: path.replace(/^\./, ''), names }];
  });
  return {
    fieldNames: fields.map((f) => f.label),
    fields: (obj) =>
      Object.fromEntries(
        fields.map(({ label, names }) => {
          const value = valueAt(obj, names);
          return [label, value === undefined || value === null || typeof value === 'object' ? '' : String(value)];
        }),
      ),
  };
}

function makeStrategy(served: ServedVersion, calls: Calls | undefined): Strategy {
  const { def, version, definition } = served;
  const { schema } = version;
  const validate = validatorOf(served);
  const manyVersions = definition.versions.length > 1;
  const withVersion = (obj: JsonObject, name: string): JsonObject => ({ ...obj, apiVersion: `${def.group}/${name}` });
  const renew = renewerOf(served);
  const converter = versionConverter(served, renew, calls);
  const { storageVersion } = definition;
  const definitionKey = objectKey('apiextensions.k8s.io', 'customresourcedefinitions', '', definition.name);
  const filters = { '': customResourceFilter('', version.status), status: customResourceFilter('status', true) };
  return {
    generation: version.status ? {} : { status: true },
    statusKeepsMetadata: STATUS_KEEPS,
    anyFinalizer: true,
    unconditionalUpdate: false,
    coerce: coerceTo(schema, def),
    defaults: defaultsOf(schema),
    fieldPlan: planOfSchema(schema),
    fieldFilter: filters[''],
    subresourceFilters: { status: filters.status },
    prepareForCreate(_ctx, obj) {
      if (version.status) delete obj['status'];
    },
    admitCreate() {
      if (!definition.terminating) return;
      throw new StatusError(
        405,
        'MethodNotAllowed',
        'create not allowed while custom resource definition is terminating',
        { group: def.group, kind: def.resource },
      );
    },
    // Nothing is left behind by a create that races with the end of its definition.
    allocate: (_ctx, _obj, old) => (old === undefined ? { compares: [{ key: definitionKey, exists: true }] } : {}),
    warnings: finalizerWarnings,
    validate: (obj, ctx) => drive(validate(obj, undefined, ctx.warnings)),
    validateUpdate: (obj, old, ctx) => drive(validate(obj, old, ctx.warnings)),
    validateStatusUpdate(obj, old, ctx) {
      const errors = drive(validate(obj, old, ctx.warnings));
      return errors instanceof Promise ? errors.then((all) => all.map(asOfStatus)) : errors.map(asOfStatus);
    },
    ...selectable(version.selectableFields),
    ...customColumns(version.columns),
    ...(version.scale === undefined ? {} : { scale: version.scale }),
    outdated: {
      until: definition.revision,
      renew(obj) {
        renew(obj);
        if (converter === undefined) obj['apiVersion'] = `${def.group}/${storageVersion}`;
      },
    },
    ...(converter === undefined ? {} : { converter }),
    ...(manyVersions && converter === undefined
      ? { toVersion: withVersion, fromVersion: (obj: JsonObject) => withVersion(obj, storageVersion) }
      : {}),
  } satisfies Strategy;
}
