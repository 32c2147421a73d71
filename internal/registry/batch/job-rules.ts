import { append } from '../../machinery/append.js';
import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Label } from '../../machinery/names.js';
import { POD_TEMPLATE_SPEC, typedEqual } from '../../schema/typed-equal.js';
import { hostNameWarnings, isSameGeneration } from '../core/rules/pod/warnings.js';
import { checkTemplateSelected, isUsableSelector } from '../core/rules/template.js';
import { asInGo, mapInGo, selectorInGo } from '../generic/as-in-go.js';
import { type FieldNode, IMMUTABLE, validating } from '../generic/field-node.js';
import { checkLabelSelector, selects } from '../generic/label-selector.js';
import type { Strategy } from '../types.js';
import { checkJobSpec, jobSpecWarnings } from './job-spec.js';
import { jobStatusErrors } from './job-status-rules.js';
import { comparedTemplate } from './job-template-update.js';

// Rules: k8s.io/kubernetes pkg/apis/batch/validation (ValidateJob and ValidateJobUpdate).

/** What was generated must be there and may not contradict what was given. */
function checkGeneratedSelector(root: FieldNode): void {
  const spec = root.struct('spec');
  const selector = spec.child('selector');
  if (spec.flag('manualSelector') || selector === undefined) return;
  const meta = root.struct('metadata');
  const [uid, name] = [meta.text('uid'), meta.text('name')];
  if (uid === '') meta.required('uid');
  const expected = {
    'controller-uid': uid,
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
  };
  const template = spec.struct('template').struct('metadata');
  const labels = template.child('labels');
  for (const [key, value] of Object.entries(expected)) {
    const actual = labels?.get(key);
    if (actual === undefined) template.required(`labels[${key}]`, `must be '${value}'`);
    else if (actual !== value)
      template.invalid(`labels[${key}]`, `must be '${value}'`, mapInGo(template.value, 'labels'));
  }
  if (isUsableSelector(spec) && !selects(selector.value, expected)) {
    spec.invalid('selector', '`selector` not auto-generated', selectorInGo(selector.value));
  }
}

function checkSelector(spec: FieldNode): void {
  const selector = spec.child('selector');
  if (selector === undefined) spec.required('selector');
  else checkLabelSelector(selector);
  if (isUsableSelector(spec)) checkTemplateSelected(spec, selector?.value);
}

/** The pods of an indexed job are named after it, with a number behind. */
function checkHostNames(root: FieldNode): void {
  const spec = root.struct('spec');
  const completions = spec.number('completions') ?? 0;
  if (spec.text('completionMode') !== 'Indexed' || completions <= 0) return;
  const meta = root.struct('metadata');
  const hostName = `${meta.text('name')}-${completions - 1}`;
  if (dns1123Label(hostName).length > 0) {
    meta.invalid('name', `will not able to create pod with invalid DNS label: ${hostName}`, meta.text('name'));
  }
}

function checkJob(root: FieldNode, old: JsonObject | undefined): void {
  const spec = root.struct('spec');
  checkGeneratedSelector(root);
  checkJobSpec(spec, old);
  checkSelector(spec);
  checkHostNames(root);
}

function checkCompletions(spec: FieldNode, old: JsonObject | undefined): void {
  if (spec.text('completionMode') !== 'Indexed') {
    spec.immutable('completions', old, spec.get('completions') ?? null);
    return;
  }
  const completions = spec.number('completions');
  if (completions === undefined || completions === old?.['completions']) return;
  if (completions !== spec.number('parallelism')) {
    spec.invalid('completions', 'can only be modified in tandem with spec.parallelism');
  }
}

const FIXED = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;
const FIXED_TYPES: Readonly<Record<string, string>> = {
  podFailurePolicy: 'batch.v1.PodFailurePolicy',
  successPolicy: 'batch.v1.SuccessPolicy',
};

function checkFixed(spec: FieldNode, old: JsonObject | undefined): void {
  for (const key of FIXED) {
    const type = FIXED_TYPES[key];
    const struct = spec.child(key);
    const shown = type === undefined || struct === undefined ? spec.get(key) : asInGo(struct.value, type);
    spec.immutable(key, old, shown ?? null);
  }
}

export const jobRules: Pick<Strategy, 'validate' | 'validateUpdate' | 'validateStatusUpdate' | 'warnings'> = {
  validate: (o) => validating(o, (root) => checkJob(root, undefined)),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      const spec = root.struct('spec');
      const was = child(old, 'spec');
      checkJob(root, was);
      // kube-apiserver looks at the whole once as a job and once as a changed one, and reports twice.
      checkJobSpec(spec, was);
      checkSelector(spec);
      checkCompletions(spec, was);
      spec.immutable('selector', was, selectorInGo(child(spec.value, 'selector')));
      const template = child(spec.value, 'template') ?? {};
      if (!typedEqual(POD_TEMPLATE_SPEC, template, comparedTemplate(template, old))) {
        spec.invalid('template', IMMUTABLE, asInGo(template, 'core.v1.PodTemplateSpec'));
      }
      checkFixed(spec, was);
    }),
  validateStatusUpdate: jobStatusErrors,
  warnings(o, old) {
    const out = old === undefined ? hostNameWarnings(o) : [];
    if (!isSameGeneration(o, old)) append(out, jobSpecWarnings(child(o, 'spec'), 'spec'));
    return out;
  },
};
