import { CallError } from '../../callout/index.js';
import { forbiddenField, type FieldError, invalid, invalidValue } from '../../machinery/field.js';
import { badRequest, notAcceptable, StatusError } from '../../machinery/status.js';
import { formatTime, parseTime, TimeError } from '../../machinery/time.js';
import { ALL_MEDIA_TYPES, negotiateAccept } from '../../schema/codec/index.js';
import { routeNotAcceptable, routeProduces } from '../../schema/codec/negotiate.js';
import { boolParam, intParam } from '../options.js';
import type { ApiRequest, HandlerReply } from '../types.js';
import type { Connections } from './connections.js';
import { clientSignal, flow } from './flow.js';
import { goQuery } from './go-query.js';
import type { Kubelet } from './kubelet.js';
import { beginningOf, serverResponse } from './server-response.js';

const ROUTE = ['text/plain', ...ALL_MEDIA_TYPES];
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** What is asked of a log: its container, and the query that the kubelet gets. */
export interface LogOptions {
  readonly container: string;
  readonly insecure: boolean;
  readonly query: string;
}

/** Throws 406: a log is text, but what a client accepts must be able to hold an error too. */
export function checkLogAccept(request: ApiRequest): void {
  const accept = request.header('accept');
  if (!routeProduces(accept, ROUTE)) throw routeNotAcceptable(ROUTE);
  if (negotiateAccept(accept, ALL_MEDIA_TYPES) === undefined) throw notAcceptable(ALL_MEDIA_TYPES);
}

/** Reads and validates PodLogOptions (core/validation: ValidatePodLogOptions). Throws 400, 422. */
export function logOptions({ query, info }: ApiRequest): LogOptions {
  const optionalInt = (name: string): number | undefined => (query.has(name) ? intParam(query, name) : undefined);
  const tailLines = optionalInt('tailLines');
  const limitBytes = optionalInt('limitBytes');
  const sinceSeconds = optionalInt('sinceSeconds');
  const sinceTime = timeParam(query.get('sinceTime'));
  const errors: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0) {
    errors.push(invalidValue('tailLines', tailLines, 'must be greater than or equal to 0'));
  }
  if (limitBytes !== undefined && limitBytes < 1) {
    errors.push(invalidValue('limitBytes', limitBytes, 'must be greater than 0'));
  }
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    errors.push(forbiddenField('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    errors.push(invalidValue('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  }
  // The feature PodLogsQuerySplitStreams is off by default.
  if (query.has('stream')) errors.push(forbiddenField('stream', 'may not be specified'));
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, info.name, errors);
  const asked: [string, string][] = [];
  for (const name of ['follow', 'previous', 'timestamps']) {
    if (boolParam(query, name) === true) asked.push([name, 'true']);
  }
  if (sinceSeconds !== undefined) asked.push(['sinceSeconds', String(sinceSeconds)]);
  if (sinceTime !== undefined) asked.push(['sinceTime', sinceTime]);
  if (tailLines !== undefined) asked.push(['tailLines', String(tailLines)]);
  if (limitBytes !== undefined) asked.push(['limitBytes', String(limitBytes)]);
  return {
    container: query.get('container') ?? '',
    insecure: boolParam(query, 'insecureSkipTLSVerifyBackend') === true,
    query: goQuery(asked),
  };
}

/** A metav1.Time of a query, in UTC; undefined when it is absent or empty. Throws 400. */
function timeParam(value: string | null): string | undefined {
  if (value === null || value === '') return undefined;
  try {
    return formatTime(parseTime(value));
  } catch (error) {
    if (error instanceof TimeError) throw badRequest(error.message);
    throw error;
  }
}

/** The log of a container as its kubelet tells it, for as long as it goes on. Throws what the kubelet answers. */
export async function podLog(
  { callout, kubelet: tls }: Connections,
  request: ApiRequest,
  kubelet: Kubelet,
  container: string,
  options: LogOptions,
): Promise<HandlerReply> {
  const { namespace, name } = request.info;
  const url = `${kubelet.url}/containerLogs/${namespace}/${name}/${container}${options.query}`;
  const target = { url, tls: options.insecure ? { ...tls, ca: '', insecure: true } : tls };
  try {
    const { status, headers, body } = await callout.open(target, { method: 'GET', signal: clientSignal(request) });
    if (REDIRECTS.has(status) && headers.location !== undefined) {
      body.destroy();
      throw new StatusError(500, '', `Get ${JSON.stringify(headers.location)}: redirects forbidden`);
    }
    if (status < 200 || status > 206) throw serverResponse(status, 'pods/log', name, await beginningOf(body));
    return {
      status: 200,
      contentType: 'text/plain',
      stream: (sink) => flow(body, sink, false),
      abandoned: () => body.destroy(),
    };
  } catch (error) {
    if (error instanceof CallError) throw new StatusError(500, '', error.message);
    throw error;
  }
}
