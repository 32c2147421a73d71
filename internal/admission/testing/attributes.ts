import { alwaysAllow } from '../../auth/authorizers.js';
import type { Authorizer } from '../../auth/types.js';
import { findResource } from '../../schema/index.js';
import { AttemptContext } from '../context.js';
import type { AdmissionAttributes, ObjectReader } from '../types.js';

const USER = { username: 'u', uid: '', groups: [], extra: {} };

/**
 * A create of an empty object of a core resource in `default`, with `more` over it: for rules of a plugin that no request
 * reaches, because the registry refuses it before. For tests.
 */
export function attributesOf(resource: string, more: Partial<AdmissionAttributes> = {}): AdmissionAttributes {
  const def = findResource('', 'v1', resource);
  if (def === undefined) throw new Error(`${resource} are not served`);
  return {
    operation: 'CREATE',
    def,
    subresource: '',
    kind: { group: def.group, version: def.version, kind: def.kind },
    namespace: 'default',
    name: 'p',
    user: USER,
    originalUser: USER,
    dryRun: false,
    options: undefined,
    object: {},
    oldObject: undefined,
    objectAs: () => undefined,
    oldObjectAs: () => undefined,
    replaceObject: () => undefined,
    ...more,
  };
}

const EMPTY: ObjectReader = {
  get: () => undefined,
  list: () => [],
  pages: () => [],
  count: () => 0,
  stored: () => undefined,
  takesCharges: true,
  catchUp: () => Promise.resolve(),
  get informer(): never {
    throw new Error('nothing is kept here');
  },
};

/** One attempt over `reader`, by who may do everything unless `authorizer` says otherwise. Nothing is stored where there is none. */
export function contextOf(
  reader: ObjectReader = EMPTY,
  { authorizer = alwaysAllow, namespace = 'default' }: { authorizer?: Authorizer; namespace?: string } = {},
): AttemptContext {
  return new AttemptContext({
    reader,
    resources: { equivalents: () => [], ofKind: () => undefined, served: (_def, o) => o, mergePlan: () => undefined },
    authorizer,
    warnings: [],
    namespace,
    annotate: undefined,
    isRecorded: false,
  });
}
