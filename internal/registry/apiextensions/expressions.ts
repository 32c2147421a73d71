import { type CelEnvironment, compileExpression, isOneOf } from '../../extensions/cel/compile.js';
import {
  BOOL,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  objectOf,
  scalar,
  STRING,
  TIMESTAMP,
  UNKNOWN,
} from '../../extensions/cel/types.js';
import {
  additionalOf,
  isEmbedded,
  isIntOrString,
  itemsOf,
  propertiesOf,
  type Schema,
  typeOf,
} from '../../extensions/structural/schema.js';
import type { FieldError } from '../../machinery/field.js';
import { celName } from '../custom/cel-values.js';
import { FieldNode } from '../generic/field-node.js';

const TEXT_FORMATS: Readonly<Record<string, CelType>> = {
  byte: scalar('bytes'),
  date: TIMESTAMP,
  'date-time': TIMESTAMP,
  duration: DURATION,
};

/** Always there at the root of an object, whatever its schema says. */
const OBJECT_FIELDS: Readonly<Record<string, CelType>> = {
  apiVersion: STRING,
  kind: STRING,
  metadata: objectOf('object', { name: STRING, generateName: STRING }),
};

/** What expressions know of a value that a schema describes; undefined when they cannot see it. */
function typeOfSchema(s: Schema, isRoot: boolean): CelType | undefined {
  if (isIntOrString(s)) return DYN;
  switch (typeOf(s)) {
    case 'array': {
      const items = itemsOf(s);
      const item = items === undefined ? undefined : typeOfSchema(items, isEmbedded(items));
      return item === undefined ? undefined : listOf(item);
    }
    case 'object': {
      const additional = additionalOf(s);
      if (additional !== undefined) {
        const value = typeOfSchema(additional, isEmbedded(additional));
        return value === undefined ? undefined : mapOf(STRING, value);
      }
      const fields = new Map<string, CelType>();
      for (const [name, sub] of propertiesOf(s)) {
        const type = typeOfSchema(sub, isEmbedded(sub));
        if (type === undefined) continue;
        // By its own name in backticks, and by the one that an identifier can have.
        for (const known of [name, celName(name)]) if (known !== undefined) fields.set(known, type);
      }
      if (isRoot) for (const [name, type] of Object.entries(OBJECT_FIELDS)) fields.set(name, type);
      return { kind: 'object', name: 'object', fields };
    }
    case 'string': {
      const format = s['format'];
      return (typeof format === 'string' ? TEXT_FORMATS[format] : undefined) ?? STRING;
    }
    case 'boolean':
      return BOOL;
    case 'integer':
      return INT;
    case 'number':
      return DOUBLE;
    default:
      return undefined;
  }
}

/** The rule as a complaint about all of it prints it. */
const asInGo = (rule: FieldNode): Record<string, unknown> => ({
  Rule: rule.text('rule'),
  Message: rule.text('message'),
  MessageExpression: rule.text('messageExpression'),
  Reason: rule.get('reason') ?? null,
  FieldPath: rule.text('fieldPath'),
  OptionalOldSelf: rule.get('optionalOldSelf') ?? null,
});

const TEXTS = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g;
const looksBack = (text: string): boolean => /\boldSelf\b/.test(text.replace(TEXTS, ''));

function checkRule(rule: FieldNode, self: CelType, uncorrelatable: string | undefined): void {
  const optional = rule.flag('optionalOldSelf');
  const environment: CelEnvironment = {
    variables: new Map([
      ['self', self],
      ['oldSelf', optional ? UNKNOWN : self],
    ]),
  };
  for (const [key, result, wrong] of [
    ['rule', 'bool', 'cel expression must evaluate to a bool'],
    ['messageExpression', 'string', 'messageExpression must evaluate to a string'],
  ] as const) {
    if (rule.text(key).trim() === '') continue;
    const { type, problem } = compileExpression(rule.text(key), environment);
    const prefix = key === 'rule' ? '' : 'messageExpression ';
    if (problem !== undefined) rule.invalid(key, `${prefix}${problem}`, asInGo(rule));
    else if (!isOneOf(type, result)) rule.invalid(key, wrong, asInGo(rule));
  }
  if (!looksBack(rule.text('rule'))) {
    if (rule.has('optionalOldSelf')) rule.invalid('optionalOldSelf', 'may not be set if oldSelf is not used in rule');
  } else if (uncorrelatable !== undefined) {
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
    rule.invalid('rule', why);
  }
}

/** Complaints about the expressions of the rules at a schema. */
export function expressionErrors(
  schema: Schema,
  at: string,
  isRoot: boolean,
  uncorrelatable: string | undefined,
): FieldError[] {
  if (!Array.isArray(schema['x-kubernetes-validations'])) return [];
  const here = new FieldNode(schema, at);
  const self = typeOfSchema(schema, isRoot || isEmbedded(schema)) ?? UNKNOWN;
  for (const rule of here.list('x-kubernetes-validations')) checkRule(rule, self, uncorrelatable);
  return here.problems;
}
