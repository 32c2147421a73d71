import { num, str } from '../../machinery/access.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { compileJsonPath, type JsonPath } from '../../extensions/jsonpath.js';
import { jsonText } from '../../schema/codec/index.js';
import { NAME, AGE } from '../printers/columns.js';
import { humanDuration, name } from '../printers/human.js';
import type { Column, Strategy } from '../types.js';

const AGE_PATH = '.metadata.creationTimestamp';
const TYPES: readonly string[] = ['string', 'integer', 'number', 'boolean', 'date'];

/** Items of lists that the paths of one row look at; cells of paths that come after are empty. */
const MAX_LOOKS = 200_000;

/** Without columns of its own a kind shows how old its objects are. */
const DEFAULT: readonly JsonObject[] = [
  { name: 'Age', type: 'date', description: AGE.description, jsonPath: AGE_PATH },
];

function columnOf(c: JsonObject): Column {
  const type = str(c, 'type');
  return {
    name: str(c, 'name'),
    type: TYPES.includes(type) ? (type as Column['type']) : 'string',
    format: str(c, 'format'),
    description:
      str(c, 'description') || `Custom resource definition column (in JSONPath format): ${str(c, 'jsonPath')}`,
    priority: num(c, 'priority') ?? 0,
  };
}

function cell(value: JsonValue | undefined, type: Column['type'], now: number): JsonValue {
  if (value === undefined || (value === null && type !== 'string')) return null;
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  switch (type) {
    case 'string':
      if (value === null) return '<nil>';
      return typeof value === 'string' ? value : typeof value === 'object' ? jsonText(value) : String(value);
    case 'integer':
      return isNumber ? (typeof value === 'number' ? Math.trunc(value) : value) : null;
    case 'number':
      return isNumber ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date': {
      if (typeof value !== 'string') return null;
      const at = Date.parse(value);
      return Number.isNaN(at) ? '<invalid>' : humanDuration(now - at);
    }
  }
}

/** Name, and the columns that the definition has (apiextensions' table convertor). */
export function customColumns(columns: readonly JsonObject[]): Required<Pick<Strategy, 'columns' | 'cells'>> {
  const own = (columns.length === 0 ? DEFAULT : columns).map((c) => ({
    column: columnOf(c),
    path: compileJsonPath(str(c, 'jsonPath')) ?? (((): undefined => undefined) satisfies JsonPath),
  }));
  return {
    columns: [NAME, ...own.map((o) => o.column)],
    cells: (obj, now) => {
      const looks = { left: MAX_LOOKS };
      return [name(obj), ...own.map((o) => cell(o.path(obj, looks), o.column.type, now))];
    },
  };
}
