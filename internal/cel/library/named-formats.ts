import { labelValue, objectName, qualifiedName } from '../../machinery/names.js';
import { hasFormat } from '../../machinery/openapi-formats.js';
import { type FunctionDecl, member, overload } from '../check/environment.js';
import { type CelType, listOf, optionalOf, STRING, structType } from '../check/types.js';
import { list, NONE, Opaque, Optional, type Value } from '../values/value.js';
import { requestUriProblem } from './kubernetes.js';

/* Kubernetes' library of formats with a name: `format.dns1123Label().validate(self)`. */

export const FORMAT_TYPE: CelType = structType('kubernetes.NamedFormat');

/** A format, and how long its pattern counts in costs. */
export class NamedFormat extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  constructor(
    readonly name: string,
    readonly patternSize: number,
    readonly problems: (s: string) => readonly string[],
  ) {
    super();
  }
  override equals(other: Value): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

const openapi =
  (format: string, message: string) =>
  (s: string): string[] =>
    hasFormat(format, s) ? [] : [message];

function uriProblems(s: string): string[] {
  const problem = requestUriProblem(s);
  return problem === undefined ? [] : [problem];
}

/** Lengths of patterns are those of kube-apiserver, where they are not told: of strfmt's patterns. */
const FORMATS: ReadonlyMap<string, NamedFormat> = new Map(
  (
    [
      ['dns1123Label', 'DNS1123Label', 30, (s) => objectName('dns1123Label', s, false)],
      ['dns1123Subdomain', 'DNS1123Subdomain', 60, (s) => objectName('dns1123Subdomain', s, false)],
      ['dns1035Label', 'DNS1035Label', 30, (s) => objectName('dns1035Label', s, false)],
      ['qualifiedName', 'QualifiedName', 60, qualifiedName],
      ['dns1123LabelPrefix', 'DNS1123LabelPrefix', 30, (s) => objectName('dns1123Label', s, true)],
      ['dns1123SubdomainPrefix', 'DNS1123SubdomainPrefix', 60, (s) => objectName('dns1123Subdomain', s, true)],
      ['dns1035LabelPrefix', 'DNS1035LabelPrefix', 30, (s) => objectName('dns1035Label', s, true)],
      ['labelValue', 'LabelValue', 40, labelValue],
      ['uri', 'URI', 1103, uriProblems],
      ['uuid', 'uuid', 113, openapi('uuid', 'does not match the UUID format')],
      ['byte', 'byte', 84, openapi('byte', 'invalid base64')],
      ['date', 'date', 128, openapi('date', 'invalid date')],
      ['datetime', 'datetime', 128, openapi('datetime', 'invalid datetime')],
    ] as readonly [string, string, number, (s: string) => readonly string[]][]
  ).map(([key, name, size, problems]) => [key, new NamedFormat(name, size, problems)]),
);

export const FORMAT_FUNCTIONS: readonly FunctionDecl[] = [
  ...Array.from(FORMATS, ([name, format]): FunctionDecl => {
    const full = `format.${name}`;
    return { name: full, overloads: [overload(full, [], FORMAT_TYPE, () => format)] };
  }),
  {
    name: 'format.named',
    overloads: [
      overload('format-named', [STRING], optionalOf(FORMAT_TYPE), (name) => new Optional(FORMATS.get(name as string))),
    ],
  },
  {
    name: 'validate',
    overloads: [
      member('format-validate', [FORMAT_TYPE, STRING], optionalOf(listOf(STRING)), (f, s) => {
        const problems = (f as NamedFormat).problems(s as string);
        return problems.length === 0 ? NONE : new Optional(list(problems));
      }),
    ],
  },
];
