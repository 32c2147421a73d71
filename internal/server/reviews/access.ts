import type { Attributes, Authorizer, UserInfo } from '../../auth/types.js';
import { child, children, str, strings } from '../../machinery/access.js';
import { type FieldError, invalid, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { emptyRecord } from '../../machinery/record.js';
import { badRequest } from '../../machinery/status.js';
import type { Creator } from '../../rest/deps.js';
import { asInGo } from '../../registry/generic/as-in-go.js';
import { reviewCreator } from './review.js';
import { selectorErrors } from './selectors.js';

/** The kind is left out of these refusals, as in kube-apiserver. */
const NAMELESS = { group: 'authorization.k8s.io', kind: '' } as const;

const PATH_TYPE = 'io.k8s.api.authorization.v1.NonResourceAttributes';
const META_TYPE = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** May the user named in the review do this? */
export function subjectAccessReview(authorizer: Authorizer): Creator {
  return reviewCreator({
    check(review) {
      const spec = child(review, 'spec') ?? {};
      refuse([
        ...attributeErrors(spec),
        ...subjectErrors(spec),
        ...selectorErrors(spec),
        ...metadataErrors(review, []),
      ]);
    },
    answer: (review) => decideFor(authorizer, review),
  });
}

/** May the user named in the review do this in the review's namespace? */
export function localSubjectAccessReview(authorizer: Authorizer): Creator {
  return reviewCreator({
    check(review, ctx) {
      const spec = child(review, 'spec') ?? {};
      const namespace = str(child(spec, 'resourceAttributes'), 'namespace');
      const errors = [
        ...attributeErrors(spec),
        ...subjectErrors(spec),
        ...selectorErrors(spec),
        ...metadataErrors(review, ['namespace']),
      ];
      if (child(spec, 'resourceAttributes') !== undefined && namespace !== ctx.namespace) {
        errors.push(invalidValue('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace'));
      }
      const path = child(spec, 'nonResourceAttributes');
      if (path !== undefined) {
        const shown = asInGo(path, PATH_TYPE);
        errors.push(invalidValue('spec.nonResourceAttributes', shown, 'disallowed on this kind of request'));
      }
      refuse(errors);
      if (ctx.namespace === '') throw badRequest('namespace is required on this type: ');
    },
    answer: (review) => decideFor(authorizer, review),
  });
}

/** May the user who asks do this? */
export function selfSubjectAccessReview(authorizer: Authorizer): Creator {
  return reviewCreator({
    check(review) {
      const spec = child(review, 'spec') ?? {};
      refuse([...attributeErrors(spec), ...selectorErrors(spec), ...metadataErrors(review, [])]);
    },
    answer: (review, ctx) => decide(authorizer, child(review, 'spec') ?? {}, ctx.user),
  });
}

function decideFor(authorizer: Authorizer, review: JsonObject): Promise<JsonObject> {
  const spec = child(review, 'spec') ?? {};
  return decide(authorizer, spec, subjectOf(spec));
}

async function decide(authorizer: Authorizer, spec: JsonObject, user: UserInfo): Promise<JsonObject> {
  const { decision, reason, error } = await authorizer.authorize(attributesOf(spec, user));
  return {
    allowed: decision === 'allow',
    ...(decision === 'deny' ? { denied: true } : {}),
    ...(reason === '' ? {} : { reason }),
    ...(error === undefined ? {} : { evaluationError: error }),
  };
}

function attributesOf(spec: JsonObject, user: UserInfo): Attributes {
  const resource = child(spec, 'resourceAttributes');
  const path = child(spec, 'nonResourceAttributes');
  return {
    user,
    verb: str(resource ?? path, 'verb'),
    isResourceRequest: resource !== undefined,
    group: str(resource, 'group'),
    version: str(resource, 'version'),
    resource: str(resource, 'resource'),
    subresource: str(resource, 'subresource'),
    namespace: str(resource, 'namespace'),
    name: str(resource, 'name'),
    path: str(path, 'path'),
    fieldSelector: fieldSelectorOf(child(resource, 'fieldSelector')),
    labelSelector: labelSelectorOf(child(resource, 'labelSelector')),
  };
}

function fieldSelectorOf(selector: JsonObject | undefined): string {
  const raw = str(selector, 'rawSelector');
  if (raw !== '') return raw;
  return children(selector, 'requirements')
    .filter((r) => str(r, 'operator') === 'In' && strings(r, 'values').length === 1)
    .map((r) => `${str(r, 'key')}=${strings(r, 'values')[0] ?? ''}`)
    .join(',');
}

function labelSelectorOf(selector: JsonObject | undefined): string {
  const raw = str(selector, 'rawSelector');
  if (raw !== '') return raw;
  return children(selector, 'requirements')
    .map((r) => {
      const [key, values] = [str(r, 'key'), strings(r, 'values').join(',')];
      switch (str(r, 'operator')) {
        case 'In':
          return `${key} in (${values})`;
        case 'NotIn':
          return `${key} notin (${values})`;
        case 'DoesNotExist':
          return `!${key}`;
        default:
          return key;
      }
    })
    .join(',');
}

function subjectOf(spec: JsonObject): UserInfo {
  const extra = emptyRecord<string[]>();
  const given = child(spec, 'extra') ?? {};
  for (const key of Object.keys(given)) extra[key.toLowerCase()] = strings(given, key);
  return { username: str(spec, 'user'), uid: str(spec, 'uid'), groups: strings(spec, 'groups'), extra };
}

function attributeErrors(spec: JsonObject): FieldError[] {
  const resource = child(spec, 'resourceAttributes');
  const path = child(spec, 'nonResourceAttributes');
  if (resource !== undefined && path !== undefined) {
    return [
      invalidValue(
        'spec.nonResourceAttributes',
        asInGo(path, PATH_TYPE),
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  }
  if (resource === undefined && path === undefined) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    return [invalidValue('spec.resourceAttributes', undefined, detail)];
  }
  return [];
}

function subjectErrors(spec: JsonObject): FieldError[] {
  if (str(spec, 'user') !== '' || strings(spec, 'groups').length > 0) return [];
  return [invalidValue('spec.user', '', 'at least one of user or group must be specified')];
}

function metadataErrors(review: JsonObject, allowed: readonly string[]): FieldError[] {
  const metadata = child(review, 'metadata') ?? {};
  const set = Object.keys(metadata).filter((k) => k !== 'managedFields' && !allowed.includes(k));
  const detail = allowed.length === 0 ? 'must be empty' : `must be empty except for ${allowed.join(', ')}`;
  return set.length === 0 ? [] : [invalidValue('metadata', asInGo(metadata, META_TYPE), detail)];
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(NAMELESS, '', errors);
}
