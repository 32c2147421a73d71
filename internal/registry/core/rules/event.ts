import { semanticEqual } from '../../../machinery/equal.js';
import type { JsonObject } from '../../../machinery/json.js';
import { dns1123Subdomain, qualifiedName } from '../../../machinery/names.js';
import { asInGo } from '../../generic/as-in-go.js';
import { FieldNode, IMMUTABLE, validating } from '../../generic/field-node.js';
import type { Strategy } from '../../types.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation/events.go. Both APIs of events are stored in the core form, and
// field errors name its fields; only the reporting controller is called as the client called it.

const MAX_CHARACTERS = 128;
const MAX_NOTE_CHARACTERS = 1024;

/** Members that events.k8s.io leaves to the core API. */
const LEGACY = ['firstTimestamp', 'lastTimestamp', 'count'];
/** Members that say what happened: a later observation of it may only count on. */
const FIXED = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  // Twice, as in kube-apiserver.
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingController',
  'reportingInstance',
];

/** Those of them that are structs, and their types. */
const STRUCTS: Readonly<Record<string, string>> = {
  involvedObject: 'io.k8s.api.core.v1.ObjectReference',
  related: 'io.k8s.api.core.v1.ObjectReference',
  source: 'io.k8s.api.core.v1.EventSource',
};

const tooMany = (max: number): string => `can have at most ${max} characters`;

function checkNamespace(root: FieldNode, withTime: boolean): void {
  const namespace = root.struct('metadata').text('namespace');
  const about = root.struct('involvedObject').text('namespace');
  const clusterWide = withTime ? ['default', 'kube-system'] : ['', 'default'];
  const agrees = about === '' ? clusterWide.includes(namespace) : withTime || about === namespace;
  if (!agrees) root.struct('involvedObject').invalid('namespace', 'does not match event.namespace', about);
}

function checkEvent(root: FieldNode, controllerField: string): void {
  const withTime = root.text('eventTime') !== '';
  checkNamespace(root, withTime);
  if (withTime) {
    const controller = root.text('reportingComponent');
    if (controller === '') root.required(controllerField);
    root.checkText(controllerField, qualifiedName, controller);
    for (const key of ['reportingInstance', 'action', 'reason']) {
      root.requireText(key);
      if (root.text(key).length > MAX_CHARACTERS) root.invalid(key, tooMany(MAX_CHARACTERS), '');
    }
    if (root.text('message').length > MAX_NOTE_CHARACTERS) root.invalid('message', tooMany(MAX_NOTE_CHARACTERS), '');
  }
  root.checkText('namespace', dns1123Subdomain, root.struct('metadata').text('namespace'));
}

function checkSeries(root: FieldNode): void {
  const series = root.child('series');
  if (series === undefined) return;
  if ((series.number('count') ?? 0) < 2) series.invalid('count', 'should be at least 2', '');
  if (series.text('lastObservedTime') === '') series.required('lastObservedTime');
}

function checkNewEvent(root: FieldNode): void {
  const metadata = root.struct('metadata');
  if (metadata.text('name') !== '') metadata.checkText('name', dns1123Subdomain);
  checkSeries(root);
  if (root.text('eventTime') === '') root.required('eventTime');
  const type = root.text('type');
  if (type !== 'Normal' && type !== 'Warning') root.invalid('type', `has invalid value: ${type}`, '');
  for (const key of LEGACY) {
    if (root.text(key) !== '' || (root.number(key) ?? 0) !== 0) root.invalid(key, 'needs to be unset', '');
  }
  const source = root.struct('source');
  if (source.text('component') !== '' || source.text('host') !== '') root.invalid('source', 'needs to be unset', '');
}

function checkChangedEvent(root: FieldNode, old: JsonObject): void {
  checkEvent(root, 'reportingController');
  if (!semanticEqual(root.get('series'), old['series'])) checkSeries(root);
  const was = new FieldNode(old);
  for (const key of FIXED) {
    const member = key === 'reportingController' ? 'reportingComponent' : key;
    const [now, before] = [root.get(member), was.get(member)];
    const type = STRUCTS[key];
    if (type === undefined ? (now ?? '') === (before ?? '') : semanticEqual(now, before)) continue;
    root.invalid(key, IMMUTABLE, type === undefined ? (now ?? '') : asInGo(root.struct(key).value, type));
  }
}

/** Rules of the core API for events. */
export const eventRules: Pick<Strategy, 'validate' | 'validateUpdate'> = {
  validate: (o) => validating(o, (root) => checkEvent(root, 'reportingComponent')),
  validateUpdate: (o) => validating(o, (root) => checkEvent(root, 'reportingComponent')),
};

/** Rules of events.k8s.io, for the same objects. */
export const newEventRules: Pick<Strategy, 'validateFirst' | 'validate' | 'validateUpdate'> = {
  validateFirst: (o) => validating(o, (root) => checkEvent(root, 'reportingController')),
  validate: (o) => validating(o, checkNewEvent),
  validateUpdate: (o, old) => validating(o, (root) => checkChangedEvent(root, old)),
};
