import { notFound } from '../../machinery/status.js';
import type { AdmissionAttributes, AdmissionPlugin } from '../types.js';

const NAMESPACES = { group: '', resource: 'namespaces' };

/** Whether the request is about something in a namespace. */
export const isInNamespace = (a: AdmissionAttributes): boolean =>
  a.namespace !== '' && !(a.kind.group === '' && a.kind.kind === 'Namespace');

/** What is written to or deleted from a namespace needs that namespace (plugin NamespaceExists). */
export const namespaceExists: AdmissionPlugin = {
  name: 'NamespaceExists',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE' || operation === 'DELETE',
  validate(ctx, a) {
    if (!isInNamespace(a) || ctx.namespaceObject() !== undefined) return undefined;
    return ctx.reader.catchUp().then(() => {
      if (ctx.namespaceObject() === undefined) throw notFound(NAMESPACES, a.namespace);
    });
  },
};
