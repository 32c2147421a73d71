import type { Type } from '@bufbuild/cel-spec/cel/expr/checked_pb.js';
import type { SimpleTest } from '@bufbuild/cel-spec/cel/expr/conformance/test/simple_pb.js';
import type { Value as ProtoValue } from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import { getCheckingSuite, getConformanceSuite, getParsingSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { getTestRegistry } from '@bufbuild/cel-spec/testdata/registry.js';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import {
  BOOL,
  BYTES,
  CelError,
  type CelType,
  compile,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  kubernetesEnvironment,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  Program,
  STRING,
  TIMESTAMP,
  toJson,
  typeOf,
  UINT,
  type Value,
} from './index.js';
import { isEqual } from './values/compare.js';
import { ArrayList, Duration, EntryMap, Timestamp, TypeValue, Uint } from './values/value.js';

/*
 * The conformance tests of the CEL specification, as far as they are about what Kubernetes' environment has: not
 * protobuf messages and enumerations, not the extensions that Kubernetes leaves out, and not expressions that are
 * evaluated without having been checked.
 */

const registry = getTestRegistry();

type Suite = ReturnType<typeof getConformanceSuite>;
type Case = Suite['tests'][number];

function* casesOf(suite: Suite, path = ''): Generator<[string, Case]> {
  for (const test of suite.tests) yield [`${path}/${test.name}`, test];
  for (const s of suite.suites) yield* casesOf(s, path === '' ? s.name : `${path}/${s.name}`);
}

/** What Kubernetes' environment does not have, or has in an older version. */
const LEFT_OUT =
  /^(?:bindings_ext|block_ext|encoders_ext|math_ext|proto2|proto2_ext|proto3|enums|fields\/quoted_map_fields|namespace|wrappers|dynamic)\b|^string_ext\/(?:reverse|format)/;
const PROTOBUF =
  /TestAllTypes|google\.protobuf\.(?!Timestamp|Duration)|GlobalEnum|cel\.bind|\bproto\.|\.reverse\(\)|math\.|base64\./;

const SCALARS: readonly (CelType | undefined)[] = [undefined, BOOL, INT, UINT, DOUBLE, STRING, BYTES];

function typeOfProto(t: Type | undefined): CelType | undefined {
  const kind = t?.typeKind;
  switch (kind?.case) {
    case 'dyn':
      return DYN;
    case 'null':
      return NULL;
    case 'primitive':
      return SCALARS[kind.value];
    case 'wellKnown':
      return [undefined, undefined, TIMESTAMP, DURATION][kind.value];
    case 'listType': {
      const of = typeOfProto(kind.value.elemType);
      return of === undefined ? undefined : listOf(of);
    }
    case 'mapType': {
      const [key, value] = [typeOfProto(kind.value.keyType), typeOfProto(kind.value.valueType)];
      return key === undefined || value === undefined ? undefined : mapOf(key, value);
    }
    case 'type': {
      const of = typeOfProto(kind.value);
      return of === undefined ? undefined : typeOf(of);
    }
    case 'abstractType': {
      const of = typeOfProto(kind.value.parameterTypes[0]);
      return kind.value.name === 'optional_type' && of !== undefined ? optionalOf(of) : undefined;
    }
    case undefined:
    case 'function':
    case 'messageType':
    case 'typeParam':
    case 'wrapper':
    case 'error':
      return undefined;
  }
}

function valueOf(v: ProtoValue): Value | undefined {
  const { kind } = v;
  switch (kind.case) {
    case 'nullValue':
      return null;
    case 'boolValue':
    case 'int64Value':
    case 'doubleValue':
    case 'stringValue':
    case 'bytesValue':
      return kind.value;
    case 'uint64Value':
      return new Uint(kind.value);
    case 'typeValue':
      return new TypeValue(kind.value);
    case 'listValue':
      return new ArrayList(kind.value.values.map((item) => valueOf(item) ?? null));
    case 'mapValue':
      return new EntryMap(
        kind.value.entries.flatMap(({ key, value }): [Value, Value][] =>
          key === undefined || value === undefined ? [] : [[valueOf(key) ?? null, valueOf(value) ?? null]],
        ),
      );
    case 'objectValue': {
      const message = anyUnpack(kind.value, registry) as { seconds?: bigint; nanos?: number } | undefined;
      const nanos = (message?.seconds ?? 0n) * 1_000_000_000n + BigInt(message?.nanos ?? 0);
      if (kind.value.typeUrl.endsWith('.Timestamp')) return new Timestamp(nanos);
      return kind.value.typeUrl.endsWith('.Duration') ? new Duration(nanos) : undefined;
    }
    case 'enumValue':
    case undefined:
      return undefined;
  }
}

function variablesOf(test: SimpleTest): Map<string, CelType> | undefined {
  const out = new Map<string, CelType>();
  for (const { name, declKind } of test.typeEnv) {
    const type = declKind.case === 'ident' ? typeOfProto(declKind.value.type) : undefined;
    if (type === undefined) return undefined;
    out.set(name, type);
  }
  for (const name of Object.keys(test.bindings)) if (!out.has(name)) out.set(name, DYN);
  return out;
}

/** Undefined when the test is not about this environment; else what differs, or '' when nothing does. */
function outcome(test: SimpleTest): string | undefined {
  const variables = variablesOf(test);
  if (variables === undefined || test.container !== '' || test.disableCheck || PROTOBUF.test(test.expr))
    return undefined;
  const program = compile(test.expr, kubernetesEnvironment({ variables }));
  const wantsError = test.resultMatcher.case === 'evalError' || test.resultMatcher.case === 'anyEvalErrors';
  if (!(program instanceof Program)) {
    // Kubernetes refuses literals whose elements are of several types.
    if (/: expected type '.*' but found '/.test(program.message) && !/Syntax/.test(program.message)) return undefined;
    return wantsError ? '' : program.message;
  }
  if (test.checkOnly) return '';
  const bindings = new Map<string, Value>();
  for (const [name, { kind }] of Object.entries(test.bindings)) {
    const value = kind.case === 'value' ? valueOf(kind.value) : undefined;
    if (value === undefined) return undefined;
    bindings.set(name, value);
  }
  const { value } = program.evaluateSync((name) => bindings.get(name));
  if (value instanceof CelError) return wantsError ? '' : value.message;
  if (wantsError) return 'no error';
  const matcher = test.resultMatcher;
  const want =
    matcher.case === 'value'
      ? valueOf(matcher.value)
      : matcher.case === 'typedResult' && matcher.value.result !== undefined
        ? valueOf(matcher.value.result)
        : true;
  if (want === undefined) return undefined;
  if (typeof want === 'number' && Number.isNaN(want)) return Number.isNaN(value) ? '' : 'not NaN';
  return isEqual(value, want) && typeof value === typeof want
    ? ''
    : `gave ${typeof value} ${JSON.stringify(toJson(value))}`;
}

/** Tests whose outcome in Kubernetes is another, with the reason. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'fields/qualified_identifier_resolution/map_value_repeat_key': 'cel-go takes the last of two entries with one key',
  'string_ext/value_errors/indexof_out_of_range': 'version 2 of the strings extension gives -1',
  'string_ext/value_errors/lastindexof_out_of_range': 'version 2 of the strings extension gives -1',
};

describe('the conformance tests of the CEL specification', () => {
  it('come out as they should, where they are about what Kubernetes has', () => {
    const failed: string[] = [];
    let run = 0;
    for (const [path, test] of casesOf(getConformanceSuite())) {
      if (LEFT_OUT.test(path)) continue;
      const result = outcome(test.original);
      if (result === undefined) continue;
      run++;
      if (result !== '' && DIFFERENT[path] === undefined) failed.push(`${path}: ${test.original.expr}: ${result}`);
    }
    expect(failed).toEqual([]);
    expect(run).toBeGreaterThan(1000);
  });
});

const ofCelGo = kubernetesEnvironment({ variables: new Map() });

/** Errors of tests that set other limits than Kubernetes does. */
const OTHER_LIMITS = /limit exceeded: (?:4|32)$/m;

describe("cel-go's tests of its parser", () => {
  it('give the same errors', () => {
    const failed: string[] = [];
    let run = 0;
    for (const [, test] of [...casesOf(getParsingSuite()), ...casesOf(getCheckingSuite())]) {
      if (test.error === undefined || !/Syntax error/.test(test.error) || OTHER_LIMITS.test(test.error)) continue;
      run++;
      const got = compile(test.original.expr, ofCelGo);
      const message =
        got instanceof Program
          ? 'compiled'
          : got.message.replace(/^compilation failed: /, '').replaceAll('<input>', '');
      if (message !== test.error) failed.push(`${test.original.expr}\n  want ${test.error}\n  got ${message}`);
    }
    expect(failed).toEqual([]);
    expect(run).toBeGreaterThan(20);
  });
});
