import { append } from '../../machinery/append.js';
import { type FieldError, notSupported, required, errorText, aggregateText } from '../../machinery/field.js';
import type { AttemptContext } from '../../admission/context.js';
import { cloneJson } from '../../machinery/equal.js';
import { child, children, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest, conflict, notFound, StatusError } from '../../machinery/status.js';
import { decodeBody } from '../../schema/codec/index.js';
import type { ResourceDef } from '../../schema/types.js';
import { objectKey } from '../../store/keys.js';
import type { RestDeps } from '../deps.js';
import { setPodCondition } from './condition.js';
import type { ApiRequest, Reply } from '../types.js';
import { admitted, attemptContext } from '../write/admission.js';
import { answerSuccess } from '../write/answer.js';
import { WriteAttributes } from '../write/attributes.js';
import { matchNamespace } from '../write/decode.js';
import { guaranteedUpdate } from '../write/guaranteed-update.js';
import { writeOptions } from '../write/options.js';
import { replacing } from '../write/plan.js';
import { changeable } from '../write/stored.js';
import { metaOf, metaText, startWriting, type Writing } from '../write/target.js';

const PODS = { group: '', resource: 'pods' } as const;
const POD_TYPE = 'io.k8s.api.core.v1.Pod';
const BINDING_TYPE = 'io.k8s.api.core.v1.Binding';

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
    BINDING_TYPE,
    gvk,
    options.fieldValidation,
  );
  append(ctx.warnings, warnings);
  request.audit?.requestObject(binding);
  const meta = metaOf(binding);
  matchNamespace(meta, ctx.namespace);
  if (request.info.name === '') ctx.name = metaText(meta, 'name');
  else if (metaText(meta, 'name') !== ctx.name) {
    throw badRequest('name in URL does not match name in Binding object');
  }
  await assign(deps, ctx, def, binding);
  return answerSuccess(request, 201, undefined, true, ctx.warnings);
}

/** Admits the binding and writes the node into the pod until the write meets the pod that was read. */
async function assign(deps: RestDeps, ctx: Writing, def: ResourceDef, sent: JsonObject): Promise<void> {
  const { backend } = deps;
  const warned = ctx.warnings.length;
  let admission: AttemptContext | undefined;
  await backend.readBarrier();
  await guaranteedUpdate<undefined>(backend, {
    key: objectKey('', 'pods', ctx.namespace, ctx.name),
    resource: PODS,
    name: ctx.name,
    async attempt(current) {
      ctx.warnings.length = warned;
      admission = attemptContext(deps, ctx);
      const object = cloneJson(sent);
      const attributes = new WriteAttributes(deps, def, ctx, { operation: 'CREATE', object, type: BINDING_TYPE });
      await admitted(deps, admission, attributes, () => {
        const errors = bindingErrors(object);
        if (errors.length > 0) throw new StatusError(500, '', aggregateText(errors.map(errorText)));
      });
      if (current === undefined) throw notFound(PODS, ctx.name);
      const pod = changeable(current, POD_TYPE);
      bind(pod, object, ctx);
      return ctx.dryRun ? { done: undefined } : { plan: replacing(current, pod, POD_TYPE, admission) };
    },
    finished() {
      admission?.finish();
      admission = undefined;
    },
  });
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
  // Where it might have gone says nothing any more (ClearingNominatedNodeNameAfterBinding).
  delete child(pod, 'status')?.['nominatedNodeName'];
  for (const field of ['annotations', 'labels'] as const) {
    const more = child(wanted, field);
    if (more !== undefined) Object.assign(ensureChild(meta, field), more);
  }
  setPodCondition(pod, { type: 'PodScheduled' }, ctx.now);
}
