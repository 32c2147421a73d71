import type { JsonObject } from '../machinery/json.js';
import { isObject } from '../machinery/json.js';
import { parseStored } from '../schema/codec/index.js';
import { labelsOf } from './json-scan.js';

/** Reads what field selectors of a resource may ask for. */
export type FieldsReader = (obj: LazyObject) => Record<string, string>;

/**
 * One version of a stored object, of which no more is parsed than somebody asks for, and that only once. `modRevision`
 * is the revision at which it was written; what was not read from the store is as if it were written now.
 */
export class LazyObject {
  private parsed: JsonObject | undefined;
  private parsedLabels: Record<string, string> | undefined;
  /** What conversion made of it, by apiVersion. */
  private converted: Map<string, JsonObject> | undefined;
  private parsedFields: Readonly<Record<string, string>> | undefined;
  private fieldsReader: FieldsReader | undefined;
  constructor(
    readonly key: string,
    readonly value: Buffer,
    readonly modRevision = Number.POSITIVE_INFINITY,
  ) {}

  /** The labels; read without parsing the rest. */
  get labels(): Readonly<Record<string, unknown>> {
    if (this.parsed !== undefined) {
      const meta = this.parsed['metadata'];
      const labels = isObject(meta) ? meta['labels'] : undefined;
      return isObject(labels) ? labels : {};
    }
    this.parsedLabels ??= labelsOf(this.value);
    return this.parsedLabels;
  }

  /** The whole object in its storage version. Nobody may change it. */
  get object(): JsonObject {
    this.parsed ??= parseStored(this.value);
    return this.parsed;
  }

  /** Keeps the object in another version, for who asks with `in`. */
  keep(apiVersion: string, object: JsonObject): void {
    this.converted ??= new Map();
    this.converted.set(apiVersion, object);
  }
  /** The object in a version in which it is kept. */
  in(apiVersion: string): JsonObject | undefined {
    return this.converted?.get(apiVersion);
  }

  /** The values that field selectors look at, which versions of a resource may have different ones of; kept for the last `read`. */
  fields(read: FieldsReader): Readonly<Record<string, string>> {
    if (this.parsedFields === undefined || this.fieldsReader !== read) {
      this.parsedFields = read(this);
      this.fieldsReader = read;
    }
    return this.parsedFields;
  }
}
