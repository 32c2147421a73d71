import type { UserInfo } from '../auth/types.js';
import { quote } from '../machinery/status.js';
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

function addReference(out: TextBytes, ref: ObjectReference): void {
  let isEmpty = true;
  for (const { name, first, later } of REFERENCE_FIELDS) {
    const value = ref[name];
    if (value === '') continue;
    out.add(isEmpty ? first : later);
    out.addQuoted(value);
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

/** What an event says of its request: the same for most events that are written one after the other. */
type AboutRequest = Pick<AuditEvent, 'impersonatedUser' | 'impersonationConstraint' | 'objectRef'> & {
  readonly request: RequestFacts | undefined;
};

/** What was said last, and where it stands in which bytes. */
const before: { -readonly [K in keyof AboutRequest]: AboutRequest[K] } & {
  out: TextBytes | undefined;
  epoch: number;
  from: number;
  to: number;
} = {
  request: undefined,
  impersonatedUser: undefined,
  impersonationConstraint: '',
  objectRef: undefined,
  out: undefined,
  epoch: 0,
  from: 0,
  to: 0,
};

const isSameReference = (a: ObjectReference, b: ObjectReference): boolean =>
  a.resource === b.resource &&
  a.namespace === b.namespace &&
  a.name === b.name &&
  a.uid === b.uid &&
  a.apiGroup === b.apiGroup &&
  a.apiVersion === b.apiVersion &&
  a.resourceVersion === b.resourceVersion &&
  a.subresource === b.subresource;

const isSameRequest = (a: RequestFacts, b: RequestFacts): boolean =>
  a.user === b.user &&
  a.verb === b.verb &&
  a.requestUri === b.requestUri &&
  a.userAgent === b.userAgent &&
  a.sourceIPs.length === 1 &&
  b.sourceIPs.length === 1 &&
  a.sourceIPs[0] === b.sourceIPs[0];

function saysTheSame(a: AboutRequest, b: AboutRequest): boolean {
  if (a.impersonatedUser !== b.impersonatedUser || a.impersonationConstraint !== b.impersonationConstraint)
    return false;
  const [x, y] = [a.objectRef, b.objectRef];
  if (x !== y && (x === undefined || y === undefined || !isSameReference(x, y))) return false;
  if (a.request === undefined || b.request === undefined) return false;
  return a.request === b.request || isSameRequest(a.request, b.request);
}

/**
 * Adds what an event says of its request: from where, by whom, and about what. Events that are written one after the other
 * often say the same: then it is copied.
 */
function addRequest(out: TextBytes, e: AuditEvent): void {
  if (before.out === out && before.epoch === out.epoch && saysTheSame(before, e)) {
    out.repeat(before.from, before.to);
    return;
  }
  before.out = out;
  before.epoch = out.epoch;
  before.from = out.length;
  addRequestAnew(out, e);
  before.to = out.length;
  before.request = e.request;
  before.impersonatedUser = e.impersonatedUser;
  before.impersonationConstraint = e.impersonationConstraint;
  before.objectRef = e.objectRef;
}

function addRequestAnew(out: TextBytes, e: AuditEvent): void {
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
    addReference(out, e.objectRef);
  }
}

/** Adds an event as audit.k8s.io/v1 JSON on one line, without the line's end, in Go's order of fields. */
export function addEventJson(out: TextBytes, e: AuditEvent): void {
  const { request } = e;
  out.add(HEADS[request.level]);
  out.addQuoted(request.auditId);
  out.add(STAGES[e.stage]);
  addRequest(out, e);
  if (e.responseStatus !== undefined) {
    out.add(RESPONSE_STATUS);
    out.add(sharedBytes(e.responseStatus) ?? Buffer.from(JSON.stringify(e.responseStatus)));
  }
  addBodies(out, e);
  out.add(RECEIVED);
  out.addQuoted(request.requestReceivedTimestamp);
  out.add(STAGE_TIME);
  out.addQuoted(e.stageTimestamp);
  if (e.annotations.size > 0) {
    out.add(ANNOTATIONS);
    out.add(sharedBytes(e.annotations) ?? Buffer.from(annotationsJson(e.annotations)));
  }
  out.add(CLOSE);
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
    `${request.requestReceivedTimestamp.replace(/\.?0+Z$/, 'Z')} AUDIT: id=${quote(request.auditId)} stage=${quote(e.stage)} ` +
    `ip=${quote(request.sourceIPs[0] ?? '<unknown>')} method=${quote(request.verb)} user=${quote(user?.username ?? '<none>')} ` +
    `groups=${quote(groups)} as=${quote(as)} asgroups=${quote(asGroups)} user-agent=${quote(request.userAgent)} ` +
    `namespace=${quote(namespace)} uri=${quote(request.requestUri)} response="${response}"`
  );
}
