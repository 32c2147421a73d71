import { type FieldError, notSupported, required, errorText, aggregateText } from '../../machinery/field.js';
import { child, children, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest, conflict, notFound, OBJECT_MODIFIED, StatusError } from '../../machinery/status.js';
import { decodeBody } from '../../schema/codec/index.js';
import type { ResourceDef } from '../../schema/types.js';
import { objectKey } from '../../store/keys.js';
import { admit, defaultAdmission } from '../../admission/index.js';
import type { RestDeps } from '../deps.js';
import { setPodCondition } from './condition.js';
import type { ApiRequest, Reply } from '../types.js';
import { admissionContext, attributesOf } from '../write/admission.js';
import { answerSuccess } from '../write/answer.js';
import { matchNamespace } from '../write/decode.js';
import { writeOptions } from '../write/options.js';
import { encodeStored, parseStored } from '../write/stored.js';
import { metaOf, metaText, startWriting, type Writing } from '../write/target.js';

const PODS = { group: '', resource: 'pods' } as const;
const POD_TYPE = 'io.k8s.api.core.v1.Pod';
const ATTEMPTS = 32;

function bindingErrors(binding: JsonObject): FieldError[] {
  const target = child(binding, 'target');
  const out: FieldError[] = [];
  const kind = str(target, 'kind');
  if (kind !== '' && kind !== 'Node') out.push(notSupported('target.kind', kind, ['Node', '<empty>']));
  if (str(target, 'name') === '') out.push(required('target.name'));
  return out;
}

/** Answers POST of `pods/{name}/binding` and of `bindings`: gives a pod its node (BindingREST). */
export async function handleBinding(deps: RestDeps, request: ApiRequest, def: ResourceDef): Promise<Reply> {
  const options = writeOptions(request, 'CreateOptions');
  const ctx = startWriting(deps, request, def, options.dryRun);
  const gvk = { group: '', version: 'v1', kind: 'Binding' };
  const { object: binding, warnings } = decodeBody(
    request.body,
    request.header('content-type'),
    'io.k8s.api.core.v1.Binding',
    gvk,
    options.fieldValidation,
  );
  ctx.warnings.push(...warnings);
  const meta = metaOf(binding);
  matchNamespace(meta, ctx.namespace);
  if (request.info.name === '') ctx.name = metaText(meta, 'name');
  else if (metaText(meta, 'name') !== ctx.name) {
    throw badRequest('name in URL does not match name in Binding object');
  }
  const chain = deps.admission ?? defaultAdmission;
  await admit(chain, admissionContext(deps, ctx), attributesOf('CREATE', def, ctx, { object: binding }));
  const errors = bindingErrors(binding);
  if (errors.length > 0) throw new StatusError(500, '', aggregateText(errors.map(errorText)));
  await assign(deps, ctx, binding);
  return answerSuccess(request, 201, undefined, true, ctx.warnings);
}

async function assign(deps: RestDeps, ctx: Writing, binding: JsonObject): Promise<void> {
  const { backend } = deps;
  const key = objectKey('', 'pods', ctx.namespace, ctx.name);
  await backend.readBarrier();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = backend.get(key);
    if (current === undefined) throw notFound(PODS, ctx.name);
    const pod = parseStored(current, POD_TYPE);
    bind(pod, binding, ctx);
    if (ctx.dryRun) return;
    const form = encodeStored(pod, POD_TYPE);
    const result = await backend.txn({
      compares: [{ key, modRevision: current.modRevision }],
      ops: [{ type: 'put', key, value: form.value, revisionAt: form.revisionAt }],
    });
    if (result.succeeded) return;
  }
  throw conflict(PODS, ctx.name, OBJECT_MODIFIED);
}

function bind(pod: JsonObject, binding: JsonObject, ctx: Writing): void {
  const refuse = (why: string): StatusError => conflict({ group: '', resource: 'pods/binding' }, ctx.name, why);
  const meta = metaOf(pod);
  const wanted = metaOf(binding);
  for (const [field, name] of [
    ['uid', 'UID'],
    ['resourceVersion', 'ResourceVersion'],
  ] as const) {
    const condition = metaText(wanted, field);
    const stored = metaText(meta, field);
    if (condition !== '' && condition !== stored) {
      throw conflict(
        PODS,
        ctx.name,
        `StorageError: invalid object, Code: 4, Key: /registry/pods/${ctx.namespace}/${ctx.name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ${name} in precondition: ${condition}, ${name} in object meta: ${stored}`,
      );
    }
  }
  const spec = ensureChild(pod, 'spec');
  if (metaText(meta, 'deletionTimestamp') !== '') {
    throw refuse(`pod ${ctx.name} is being deleted, cannot be assigned to a host`);
  }
  if (str(spec, 'nodeName') !== '') {
    throw refuse(`pod ${ctx.name} is already assigned to node ${JSON.stringify(str(spec, 'nodeName'))}`);
  }
  if (children(spec, 'schedulingGates').length > 0) {
    throw refuse(`pod ${ctx.name} has non-empty .spec.schedulingGates`);
  }
  spec['nodeName'] = str(child(binding, 'target'), 'name');
  for (const field of ['annotations', 'labels'] as const) {
    const more = child(wanted, field);
    if (more !== undefined) Object.assign(ensureChild(meta, field), more);
  }
  setPodCondition(pod, { type: 'PodScheduled' }, ctx.now);
}
