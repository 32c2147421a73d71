import type { UserInfo } from '../auth/types.js';
import { quote } from '../machinery/status.js';
import { annotationsJson, sharedText } from './shared-parts.js';
import type { AuditEvent, ObjectReference, RequestFacts, RequestText } from './types.js';

/** The text of a user is the same for each of their requests, as long as the authenticator hands out the same object. */
const userTexts = new WeakMap<UserInfo, string>();

function userText(user: UserInfo): string {
  let text = userTexts.get(user);
  if (text === undefined) {
    const extra = Object.keys(user.extra).length === 0 ? undefined : user.extra;
    text = JSON.stringify({
      ...(user.username === '' ? {} : { username: user.username }),
      ...(user.uid === '' ? {} : { uid: user.uid }),
      ...(user.groups.length === 0 ? {} : { groups: user.groups }),
      ...(extra === undefined ? {} : { extra }),
    });
    userTexts.set(user, text);
  }
  return text;
}

/** Text that stands in JSON as it is: printable ASCII, and nothing that is escaped. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** A text as JSON. Most are plain, and to look costs less than to escape. */
const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/** What stands behind the resource. */
function placeText(ref: ObjectReference): string {
  let text = '';
  if (ref.namespace !== '') text += `,"namespace":${quoted(ref.namespace)}`;
  if (ref.name !== '') text += `,"name":${quoted(ref.name)}`;
  if (ref.uid !== '') text += `,"uid":${quoted(ref.uid)}`;
  if (ref.apiGroup !== '') text += `,"apiGroup":${quoted(ref.apiGroup)}`;
  if (ref.apiVersion !== '') text += `,"apiVersion":${quoted(ref.apiVersion)}`;
  if (ref.resourceVersion !== '') text += `,"resourceVersion":${quoted(ref.resourceVersion)}`;
  if (ref.subresource !== '') text += `,"subresource":${quoted(ref.subresource)}`;
  return text;
}

function referenceText(ref: ObjectReference): string {
  if (ref.resource === '') return `{${placeText(ref).slice(1)}}`;
  return `{"resource":${quoted(ref.resource)}${placeText(ref)}}`;
}

/** What all events of a request say alike. */
function requestText(r: RequestFacts): RequestText {
  const { made } = r;
  if (made.head !== '') return made;
  const user = r.user === undefined ? '{}' : userText(r.user);
  made.head = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${r.level}","auditID":${quoted(r.auditId)},"stage":"`;
  made.front = `","requestURI":${quoted(r.requestUri)},"verb":${quoted(r.verb)},"user":${user}`;
  made.back = r.sourceIPs.length === 0 ? '' : `,"sourceIPs":[${r.sourceIPs.map(quoted).join(',')}]`;
  if (r.userAgent !== '') made.back += `,"userAgent":${quoted(r.userAgent)}`;
  return made;
}

/** An event as audit.k8s.io/v1 JSON on one line, without the line's end, in Go's order of fields. */
export function eventJson(e: AuditEvent): string {
  const { request } = e;
  const { head, front, back } = requestText(request);
  let text = head + e.stage + front;
  if (e.impersonatedUser !== undefined) text += `,"impersonatedUser":${userText(e.impersonatedUser)}`;
  if (e.impersonationConstraint !== '')
    text += `,"authenticationMetadata":{"impersonationConstraint":${JSON.stringify(e.impersonationConstraint)}}`;
  text += back;
  if (e.objectRef !== undefined) text += `,"objectRef":${referenceText(e.objectRef)}`;
  if (e.responseStatus !== undefined) {
    text += `,"responseStatus":${sharedText(e.responseStatus) ?? JSON.stringify(e.responseStatus)}`;
  }
  if (e.requestObject !== undefined) text += `,"requestObject":${e.requestObject}`;
  if (e.responseObject !== undefined) text += `,"responseObject":${e.responseObject}`;
  text += `,"requestReceivedTimestamp":"${request.requestReceivedTimestamp}","stageTimestamp":"${e.stageTimestamp}"`;
  if (e.annotations.size > 0) text += `,"annotations":${sharedText(e.annotations) ?? annotationsJson(e.annotations)}`;
  return `${text}}`;
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
