import {
  BOOL,
  CelError,
  CelList,
  type CelType,
  compile,
  DYN,
  fromJson,
  kubernetesEnvironment,
  listOf,
  mapOf,
  Program,
  STRING,
  type TypeProvider,
  type Value,
} from '../../cel/index.js';
import { structType } from '../../cel/check/types.js';
import type { JsonObject } from '../../machinery/json.js';
import type { UserInfo } from '../types.js';
import type { Expression } from './types.js';

/* What expressions of an AuthenticationConfiguration see: `claims`, or the `user` that was made of them. */

const USER_INFO = 'kubernetes.UserInfo';
const USER_FIELDS: ReadonlyMap<string, CelType> = new Map([
  ['username', STRING],
  ['uid', STRING],
  ['groups', listOf(STRING)],
  ['extra', mapOf(STRING, listOf(STRING))],
]);
const USER_TYPE: TypeProvider = {
  hasStruct: (name) => name === USER_INFO,
  fieldType: (struct, field) => (struct === USER_INFO ? USER_FIELDS.get(field) : undefined),
};
const CLAIMS = kubernetesEnvironment({ variables: new Map([['claims', mapOf(STRING, DYN)]]) });
const USER = kubernetesEnvironment({ variables: new Map([['user', structType(USER_INFO)]]), provider: USER_TYPE });

/** Compiles an expression over `claims`, or the reason why it cannot be one. */
export const claimsExpression = (text: string, mustBeBool: boolean): Expression | string =>
  compiled(text, CLAIMS, mustBeBool);
/** Compiles a condition over `user`, or the reason why it cannot be one. */
export const userExpression = (text: string): Expression | string => compiled(text, USER, true);

function compiled(text: string, env: typeof CLAIMS, mustBeBool: boolean): Expression | string {
  const program = compile(text, env);
  if (!(program instanceof Program)) return program.message;
  return mustBeBool && program.type.kind !== BOOL.kind ? 'must evaluate to bool' : { program };
}

/** Evaluates over the claims of a token. Throws Error with what went wrong. */
export const ofClaims = ({ program }: Expression, claims: JsonObject): Value =>
  value(program, 'claims', fromJson(claims));

/** Whether a condition over the user holds. Throws Error with what went wrong. */
export function ofUser({ program }: Expression, { username, uid, groups, extra }: UserInfo): boolean {
  const lists = Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
  const object: JsonObject = { username, uid, groups: [...groups], extra: lists };
  return value(program, 'user', fromJson(object)) === true;
}

function value(program: Program, variable: string, given: Value): Value {
  const { value: result } = program.evaluateSync((name) => (name === variable ? given : undefined));
  if (result instanceof CelError) throw new Error(`expression '${program.text}' resulted in error: ${result.message}`);
  return result;
}

/** The text that an expression came to. Throws Error when it is none. */
export function stringOf(result: Value, what: string): string {
  if (typeof result === 'string') return result;
  throw new Error(`${what} expression must return a string`);
}

/** The texts that an expression came to: a string, a list of them, or null for none; '' is none. Throws Error for anything else. */
export function stringsOf(result: Value, what: string): string[] {
  if (result === null || result === '') return [];
  if (typeof result === 'string') return [result];
  if (result instanceof CelList) {
    const items: string[] = [];
    for (let i = 0; i < result.size; i++) items.push(stringOf(result.at(i), what));
    return items;
  }
  throw new Error(`${what} expression must return a string or a list of strings`);
}
