import type { UserInfo } from '../auth/types.js';
import { quote } from '../machinery/status.js';
import { microTime } from './event-time.js';
import { annotationsJson, sharedBytes } from './shared-parts.js';
import { TextBytes } from './text-bytes.js';
import type { AuditEvent, Level, ObjectReference, RequestFacts, Stage } from './types.js';

/** The JSON of a user is the same for each of their requests, as long as the authenticator hands out the same object. */
const users = new WeakMap<UserInfo, Buffer>();

function userBytes(user: UserInfo): Buffer {
  let bytes = users.get(user);
  if (bytes === undefined) {
    const extra = Object.keys(user.extra).length === 0 ? undefined : user.extra;
    bytes = Buffer.from(
      JSON.stringify({
        ...(user.username === '' ? {} : { username: user.username }),
        ...(user.uid === '' ? {} : { uid: user.uid }),
        ...(user.groups.length === 0 ? {} : { groups: user.groups }),
        ...(extra === undefined ? {} : { extra }),
      }),
    );
    users.set(user, bytes);
  }
  return bytes;
}

const head = (level: Level): Buffer =>
  Buffer.from(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${level}","auditID":`);
const HEADS: Readonly<Record<Level, Buffer>> = {
  None: head('None'),
  Metadata: head('Metadata'),
  Request: head('Request'),
  RequestResponse: head('RequestResponse'),
};
const stageBytes = (stage: Stage): Buffer => Buffer.from(`,"stage":"${stage}"`);
const STAGES: Readonly<Record<Stage, Buffer>> = {
  RequestReceived: stageBytes('RequestReceived'),
  ResponseStarted: stageBytes('ResponseStarted'),
  ResponseComplete: stageBytes('ResponseComplete'),
  Panic: stageBytes('Panic'),
};
const URI = Buffer.from(',"requestURI":');
const VERB = Buffer.from(',"verb":');
const USER = Buffer.from(',"user":');
const NOBODY = Buffer.from('{}');
const IMPERSONATED_USER = Buffer.from(',"impersonatedUser":');
const IMPERSONATION_CONSTRAINT = Buffer.from(',"authenticationMetadata":{"impersonationConstraint":');
const SOURCE_IPS = Buffer.from(',"sourceIPs":[');
const USER_AGENT = Buffer.from(',"userAgent":');
const OBJECT_REF = Buffer.from(',"objectRef":');
const RESPONSE_STATUS = Buffer.from(',"responseStatus":');
const REQUEST_OBJECT = Buffer.from(',"requestObject":');
const RESPONSE_OBJECT = Buffer.from(',"responseObject":');
const RECEIVED = Buffer.from(',"requestReceivedTimestamp":');
const STAGE_TIME = Buffer.from(',"stageTimestamp":');
const ANNOTATIONS = Buffer.from(',"annotations":');
const COMMA = Buffer.from(',');
const OPEN = Buffer.from('{');
const CLOSE = Buffer.from('}');
const CLOSE_LIST = Buffer.from(']');

const REFERENCE_FIELDS = (
  ['resource', 'namespace', 'name', 'uid', 'apiGroup', 'apiVersion', 'resourceVersion', 'subresource'] as const
).map((name) => ({ name, first: Buffer.from(`{"${name}":`), later: Buffer.from(`,"${name}":`) }));

function addReference(out: TextBytes, ref: ObjectReference, line: Line): void {
  let isEmpty = true;
  for (const { name, first, later } of REFERENCE_FIELDS) {
    const value = ref[name];
    if (value === '') continue;
    out.add(isEmpty ? first : later);
    if (name === 'name') line.nameFrom = out.length;
    out.addQuoted(value);
    if (name === 'name') line.nameTo = out.length;
    isEmpty = false;
  }
  if (isEmpty) out.add(OPEN);
  out.add(CLOSE);
}

function addSourceIPs(out: TextBytes, ips: readonly string[]): void {
  if (ips.length === 0) return;
  out.add(SOURCE_IPS);
  for (let i = 0; i < ips.length; i++) {
    if (i > 0) out.add(COMMA);
    out.addQuoted(ips[i] ?? '');
  }
  out.add(CLOSE_LIST);
}

/** The last line of a stage that has no bodies, and where in it that stands in which the next one may differ from it. */
interface Line {
  event: AuditEvent | undefined;
  out: TextBytes | undefined;
  epoch: number;
  from: number;
  to: number;
  idAt: number;
  idLength: number;
  /** Before and behind the quoted name of the object; the same place where it has none. */
  nameFrom: number;
  nameTo: number;
  receivedAt: number;
  stageAt: number;
}

const noLine = (): Line => ({
  event: undefined,
  out: undefined,
  epoch: 0,
  from: 0,
  to: 0,
  idAt: 0,
  idLength: 0,
  nameFrom: 0,
  nameTo: 0,
  receivedAt: 0,
  stageAt: 0,
});
const lines: Readonly<Record<Stage, Line>> = {
  RequestReceived: noLine(),
  ResponseStarted: noLine(),
  ResponseComplete: noLine(),
  Panic: noLine(),
};

/** Whether both have no reference, or the same but for the name, which both have or neither. */
function isSameReference(a: ObjectReference | undefined, b: ObjectReference | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.resource === b.resource &&
    a.namespace === b.namespace &&
    (a.name === '') === (b.name === '') &&
    a.uid === b.uid &&
    a.apiGroup === b.apiGroup &&
    a.apiVersion === b.apiVersion &&
    a.resourceVersion === b.resourceVersion &&
    a.subresource === b.subresource
  );
}

const isSameRequest = (a: RequestFacts, b: RequestFacts): boolean =>
  a.level === b.level &&
  a.user === b.user &&
  a.verb === b.verb &&
  a.requestUri === b.requestUri &&
  a.userAgent === b.userAgent &&
  a.sourceIPs === b.sourceIPs;

/** Whether they say the same but for the id, the name of the object, and the times. */
const isAlike = (a: AuditEvent, b: AuditEvent): boolean =>
  b.requestObject === undefined &&
  b.responseObject === undefined &&
  a.responseStatus === b.responseStatus &&
  (a.annotations === b.annotations || (a.annotations.size === 0 && b.annotations.size === 0)) &&
  a.impersonatedUser === b.impersonatedUser &&
  a.impersonationConstraint === b.impersonationConstraint &&
  isSameReference(a.objectRef, b.objectRef) &&
  isSameRequest(a.request, b.request);

/**
 * Adds a line by copying the last one of its stage, where only its id, its times and the name of its object are others:
 * events that are written one after the other are often of the same client that does the same again. False where it cannot.
 */
function addLikeLast(out: TextBytes, e: AuditEvent): boolean {
  const line = lines[e.stage];
  if (line.out !== out || line.epoch !== out.epoch || line.event === undefined) return false;
  const { auditId, receivedMs } = e.request;
  if (auditId.length !== line.idLength || !isAlike(line.event, e)) return false;
  const from = out.length;
  out.repeat(line.from, line.nameFrom);
  if (!out.overwrite(from + line.idAt - line.from, auditId)) {
    out.cut(from);
    return false;
  }
  if (line.nameFrom !== line.nameTo) out.addQuoted(e.objectRef?.name ?? '');
  const behindName = out.length;
  out.repeat(line.nameTo, line.to);
  out.overwriteMicroTime(behindName + line.receivedAt - line.nameTo, receivedMs);
  out.overwriteMicroTime(behindName + line.stageAt - line.nameTo, e.stageMs);
  return true;
}

/** Adds what an event says of its request: from where, by whom, and about what. */
function addRequest(out: TextBytes, e: AuditEvent, line: Line): void {
  const { request } = e;
  out.add(URI);
  out.addQuoted(request.requestUri);
  out.add(VERB);
  out.addQuoted(request.verb);
  out.add(USER);
  out.add(request.user === undefined ? NOBODY : userBytes(request.user));
  if (e.impersonatedUser !== undefined) {
    out.add(IMPERSONATED_USER);
    out.add(userBytes(e.impersonatedUser));
  }
  if (e.impersonationConstraint !== '') {
    out.add(IMPERSONATION_CONSTRAINT);
    out.addQuoted(e.impersonationConstraint);
    out.add(CLOSE);
  }
  addSourceIPs(out, request.sourceIPs);
  if (request.userAgent !== '') {
    out.add(USER_AGENT);
    out.addQuoted(request.userAgent);
  }
  if (e.objectRef !== undefined) {
    out.add(OBJECT_REF);
    addReference(out, e.objectRef, line);
  }
}

/** Adds an event as audit.k8s.io/v1 JSON on one line, without the line's end, in Go's order of fields. */
export function addEventJson(out: TextBytes, e: AuditEvent): void {
  if (!addLikeLast(out, e)) addAnew(out, e, lines[e.stage]);
}

function addAnew(out: TextBytes, e: AuditEvent, line: Line): void {
  const { request } = e;
  const hasBody = e.requestObject !== undefined || e.responseObject !== undefined;
  line.event = hasBody ? undefined : e;
  line.out = out;
  line.epoch = out.epoch;
  line.from = out.length;
  out.add(HEADS[request.level]);
  line.idAt = out.length + 1;
  out.addQuoted(request.auditId);
  line.idLength = out.length - line.idAt - 1;
  out.add(STAGES[e.stage]);
  line.nameFrom = line.nameTo = out.length;
  addRequest(out, e, line);
  if (e.responseStatus !== undefined) {
    out.add(RESPONSE_STATUS);
    out.add(sharedBytes(e.responseStatus) ?? Buffer.from(JSON.stringify(e.responseStatus)));
  }
  addBodies(out, e);
  out.add(RECEIVED);
  line.receivedAt = out.length + 1;
  out.addMicroTime(request.receivedMs);
  out.add(STAGE_TIME);
  line.stageAt = out.length + 1;
  out.addMicroTime(e.stageMs);
  if (e.annotations.size > 0) {
    out.add(ANNOTATIONS);
    out.add(sharedBytes(e.annotations) ?? Buffer.from(annotationsJson(e.annotations)));
  }
  out.add(CLOSE);
  line.to = out.length;
}

function addBodies(out: TextBytes, { requestObject, responseObject }: AuditEvent): void {
  if (requestObject !== undefined) {
    out.add(REQUEST_OBJECT);
    out.addText(requestObject);
  }
  if (responseObject !== undefined) {
    out.add(RESPONSE_OBJECT);
    out.addText(responseObject);
  }
}

const alone = new TextBytes();

/** The same as a text. */
export function eventJson(e: AuditEvent): string {
  addEventJson(alone, e);
  const text = alone.toString();
  alone.clear();
  return text;
}

const quotedList = (items: readonly string[]): string => items.map(quote).join(',');

/** An event as one line of the format `legacy` (apiserver's audit.EventString). */
export function eventLine(e: AuditEvent): string {
  const { request } = e;
  const user = request.user?.username === '' ? undefined : request.user;
  const groups = user === undefined || user.groups.length === 0 ? '<none>' : quotedList(user.groups);
  const as = e.impersonatedUser?.username ?? '<self>';
  const asGroups = e.impersonatedUser === undefined ? '<lookup>' : quotedList(e.impersonatedUser.groups);
  const namespace = e.objectRef?.namespace || '<none>';
  const code = e.responseStatus?.['code'];
  const response = typeof code === 'number' ? String(code) : '<deferred>';
  return (
    `${microTime(request.receivedMs).replace(/\.?0+Z$/, 'Z')} AUDIT: id=${quote(request.auditId)} stage=${quote(e.stage)} ` +
    `ip=${quote(request.sourceIPs[0] ?? '<unknown>')} method=${quote(request.verb)} user=${quote(user?.username ?? '<none>')} ` +
    `groups=${quote(groups)} as=${quote(as)} asgroups=${quote(asGroups)} user-agent=${quote(request.userAgent)} ` +
    `namespace=${quote(namespace)} uri=${quote(request.requestUri)} response="${response}"`
  );
}
