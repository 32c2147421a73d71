import type { JsonValue } from '../machinery/json.js';
import type { Tables } from './tables/index.js';

type Words<Line> = Line extends `${infer Head}|${string}` ? Head : never;
type TypeText<Line> = Line extends `${infer Type} ${string}` ? Type : never;
type IsRequired<Line> = Words<Line> extends `${string} required${string}` ? true : false;

interface ScalarTypes {
  string: string;
  bool: boolean;
  int32: number;
  /** Beyond 2^53 the value is a bigint at run time; comparisons work all the same. */
  int64: number;
  double: number;
  bytes: string;
  quantity: string | number;
  resourceAmount: string | number;
  intOrString: string | number;
  time: string | null;
  microTime: string | null;
  duration: string;
  rawExtension: JsonValue;
  json: JsonValue;
  fieldsV1: JsonValue;
}

type Named<Name extends string, Table extends string> = Name extends keyof ScalarTypes
  ? ScalarTypes[Name]
  : Name extends `${string}.${string}`
    ? Infer<Name>
    : Infer<`${Table}.${Name}`>;

type FieldType<Text, Table extends string> = Text extends `*${infer Of}`
  ? FieldType<Of, Table>
  : Text extends `[]${infer Of}`
    ? FieldType<Of, Table>[]
    : Text extends `map[string]${infer Of}`
      ? { [key: string]: FieldType<Of, Table> }
      : Text extends string
        ? Named<Text, Table>
        : never;

type Fields<T, Table extends string> = {
  [K in keyof T as K extends '' ? never : IsRequired<T[K]> extends true ? K : never]: FieldType<TypeText<T[K]>, Table>;
} & {
  [K in keyof T as K extends '' ? never : IsRequired<T[K]> extends true ? never : K]?:
    | FieldType<TypeText<T[K]>, Table>
    | undefined;
} & (T extends { '': `kind${string}` } ? { kind?: string; apiVersion?: string } : unknown);

/** Every type of the tables, such as `core.v1.PodSpec`. */
export type TypeName = {
  [Table in keyof Tables]: `${Table}.${keyof Tables[Table] & string}`;
}[keyof Tables];

/** The static type of an API type: `Infer<'core.v1.PodSpec'>`. Only what OpenAPI requires is not optional. */
export type Infer<Name extends string> = Name extends `${infer Group}.${infer Version}.${infer Type}`
  ? `${Group}.${Version}` extends keyof Tables
    ? Type extends keyof Tables[`${Group}.${Version}`]
      ? Fields<Tables[`${Group}.${Version}`][Type], `${Group}.${Version}`>
      : never
    : never
  : never;
