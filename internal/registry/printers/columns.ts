import type { Column } from '../types.js';

/** Columns by plural resource name. */
export type ColumnTable = Readonly<Record<string, readonly Column[]>>;

/** One column. Its text is what kube-apiserver answers: clients show it, and compare it. */
export function column(name: string, type: Column['type'], priority: number, description: string, format = ''): Column {
  return { name, type, format, description, priority };
}

export const NAME = column(
  'Name',
  'string',
  0,
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  'name',
);
const CREATED =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';
export const AGE = column('Age', 'string', 0, CREATED);
export const CREATED_AT = column('Created At', 'date', 0, CREATED);
/** Of kinds that hold a pod template. */
export const CONTAINERS = column('Containers', 'string', 1, 'Names of each container in the template.');
export const IMAGES = column('Images', 'string', 1, 'Images referenced by each container in the template.');
