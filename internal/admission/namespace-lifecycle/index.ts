import { forbidden, notFound } from '../../machinery/status.js';
import type { KeyValue } from '../../store/types.js';
import { objectKey } from '../../store/keys.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';

/** Namespaces that the cluster itself lives in. */
const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);
const NAMESPACES = { group: '', resource: 'namespaces' } as const;

/** Canonical JSON, and quotes inside strings are escaped: the bytes occur only where the member is. */
const TERMINATING = Buffer.from('"phase":"Terminating"');

const keys = new Map<string, string>();
const MAX_KEYS = 10_000;

function namespaceKey(namespace: string): string {
  let key = keys.get(namespace);
  if (key === undefined) {
    key = objectKey('', 'namespaces', '', namespace);
    if (keys.size >= MAX_KEYS) keys.clear();
    keys.set(namespace, key);
  }
  return key;
}

function decide(ctx: AdmissionContext, a: AdmissionAttributes, found: KeyValue): void {
  // Whoever changes the namespace meanwhile (begins to delete it) makes the decision void.
  if (a.operation !== 'CREATE') return;
  ctx.compares.push({ key: found.key, modRevision: found.modRevision });
  if (!found.value.includes(TERMINATING)) return;
  const error = admissionForbidden(
    a,
    `unable to create new content in namespace ${a.namespace} because it is being terminated`,
  );
  error.status.details = {
    ...error.status.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${a.namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  };
  throw error;
}

/** Nothing is written into a namespace that does not exist or is going away; some namespaces cannot be deleted. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  handles: (operation) => operation !== 'CONNECT',
  admit(ctx, a) {
    if (a.def.group === '' && a.def.resource === 'namespaces') {
      if (a.operation === 'DELETE' && IMMORTAL.has(a.name)) {
        throw forbidden(NAMESPACES, a.name, 'this namespace may not be deleted');
      }
      return undefined;
    }
    if (a.namespace === '' || a.operation === 'DELETE') return undefined;
    if (a.def.resource === 'localsubjectaccessreviews') return undefined;
    const key = namespaceKey(a.namespace);
    const found = ctx.reader.stored(key);
    if (found !== undefined) return decide(ctx, a, found);
    // This replica may be behind the one that created it.
    return ctx.reader.catchUp().then(() => {
      const now = ctx.reader.stored(key);
      if (now === undefined) throw notFound(NAMESPACES, a.namespace);
      decide(ctx, a, now);
    });
  },
};
