import { isObject } from '../machinery/json.js';
import { badRequest } from '../machinery/status.js';
import type { Column, Strategy } from '../registry/types.js';
import { jsonText } from '../schema/codec/index.js';
import type { Converter } from './convert.js';
import type { ListMeta } from './encoding.js';
import type { LazyObject } from './lazy.js';
import type { MetadataReader } from './partial.js';
import { partialJson } from './partial.js';

type IncludeObject = 'None' | 'Metadata' | 'Object';

/** The columns of a kind that has no printer of its own (rest.NewDefaultTableConvertor); texts are those of ObjectMeta. */
const DEFAULT_COLUMNS: readonly Column[] = [
  {
    name: 'Name',
    type: 'string',
    format: 'name',
    description:
      'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
    priority: 0,
  },
  {
    name: 'Created At',
    type: 'date',
    format: '',
    description:
      'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
    priority: 0,
  },
];

/** Reads `includeObject`; throws 400 for what it cannot be. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** Writes objects of one resource as meta.k8s.io Tables. */
export class TableWriter {
  private readonly columns: string;
  private readonly hasPrinter: boolean;

  constructor(
    private readonly strategy: Strategy,
    private readonly converter: Converter,
    private readonly version: string,
    private readonly read: MetadataReader,
    private readonly include: IncludeObject,
    private readonly now: () => number,
  ) {
    // Name and creation time is what the generic printer prints.
    this.hasPrinter = strategy.cells !== undefined && strategy.columns?.some((c) => c.name === 'Created At') === false;
    const columns = this.hasPrinter ? (strategy.columns ?? []) : DEFAULT_COLUMNS;
    this.columns = jsonText(
      columns.map(({ name, type, format, description, priority }) => ({ name, type, format, description, priority })),
    );
  }

  /** Everything before the rows; without `headers` the columns are null. */
  open(meta: ListMeta, headers = true): string {
    return `{"kind":"Table","apiVersion":"meta.k8s.io/${this.version}","metadata":${JSON.stringify(meta)},"columnDefinitions":${headers ? this.columns : 'null'},"rows":[`;
  }
  readonly close = ']}';
  empty(meta: ListMeta): string {
    const open = this.open(meta);
    // kube-apiserver's generic printer leaves the rows nil when there are none; the others make an empty list.
    return this.hasPrinter ? `${open}]}` : `${open.slice(0, -1)}null}`;
  }

  row(obj: LazyObject): string {
    const conditions = this.strategy.rowConditions?.(obj.object) ?? [];
    const said = conditions.length === 0 ? '' : `"conditions":${jsonText(conditions)},`;
    return `{"cells":${jsonText(this.cells(obj))},${said}"object":${this.object(obj)}}`;
  }
  /** One object as a table of its own. */
  single(obj: LazyObject, headers: boolean): string {
    const meta = obj.object['metadata'];
    const revision = isObject(meta) ? meta['resourceVersion'] : undefined;
    return (
      this.open({ resourceVersion: typeof revision === 'string' ? revision : '' }, headers) + this.row(obj) + this.close
    );
  }

  private cells(obj: LazyObject): ReturnType<NonNullable<Strategy['cells']>> {
    if (this.hasPrinter && this.strategy.cells !== undefined) {
      const { converter } = this;
      return this.strategy.cells(converter.prepare === undefined ? obj.object : converter.object(obj), this.now());
    }
    const meta = obj.object['metadata'];
    if (!isObject(meta)) return ['', null];
    return [meta['name'] ?? '', meta['creationTimestamp'] ?? null];
  }
  private object(obj: LazyObject): string {
    switch (this.include) {
      case 'None':
        return 'null';
      case 'Object':
        return this.converter.json(obj).toString();
      case 'Metadata':
        return partialJson(obj, this.version, this.read).toString();
    }
  }
}
