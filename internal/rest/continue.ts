import { badRequest } from '../machinery/status.js';

/** Where a list goes on: `start` is the first key, `revision` the snapshot, or below 0 for "as it is now". */
export interface Continue {
  readonly start: string;
  readonly revision: number;
}

const VERSION = 'meta.k8s.io/v1';

/** The token for the keys from `start` on, in kube-apiserver's form: base64url JSON, the key relative to `prefix`. */
export function encodeContinue(start: string, prefix: string, revision: number): string {
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start: `/${start.slice(prefix.length)}` })).toString(
    'base64url',
  );
}

const invalid = (why: string): Error => badRequest(`invalid continue token: continue key is not valid: ${why}`);

/** Position of the first byte that is no base64url, or -1. */
function illegalAt(token: string): number {
  const bad = token.search(/[^A-Za-z0-9_-]/);
  if (bad >= 0) return bad;
  return token.length % 4 === 1 ? token.length - 1 : -1;
}

/** What encoding/json says of the first byte of something that is no JSON value. */
function notJson(bytes: Buffer): string {
  const c = bytes.toString('latin1').trimStart().codePointAt(0);
  if (c === undefined || '{["-0123456789tfn'.includes(String.fromCharCode(c))) return 'unexpected end of JSON input';
  const shown =
    c === 0x27
      ? "\\'"
      : c === 0x22
        ? '"'
        : c < 0x20 || (c >= 0x7f && c < 0xa1)
          ? c < 0x80
            ? `\\x${c.toString(16).padStart(2, '0')}`
            : `\\u${c.toString(16).padStart(4, '0')}`
          : String.fromCharCode(c);
  return `invalid character '${shown}' looking for beginning of value`;
}

/** Reads a token; throws 400 with kube-apiserver's words for one that it did not make. */
export function decodeContinue(token: string, prefix: string): Continue {
  const at = illegalAt(token);
  if (at >= 0) throw invalid(`illegal base64 data at input byte ${at}`);
  const bytes = Buffer.from(token, 'base64url');
  let parsed: { v?: unknown; rv?: unknown; start?: unknown } | null;
  try {
    parsed = JSON.parse(bytes.toString()) as typeof parsed;
  } catch (e) {
    if (e instanceof SyntaxError) throw invalid(notJson(bytes));
    throw e;
  }
  const version = typeof parsed?.v === 'string' ? parsed.v : '';
  if (version !== VERSION) {
    throw invalid(`server does not recognize this encoded version ${version}`);
  }
  const revision = parsed?.rv;
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision) || revision === 0) {
    throw invalid(`incorrect encoded start resourceVersion (version ${VERSION})`);
  }
  const start = parsed?.start;
  if (typeof start !== 'string' || start === '') throw invalid(`encoded start key empty (version ${VERSION})`);
  const path = start.startsWith('/') ? start : `/${start}`;
  // A key must not climb out of its prefix.
  if (path.split('/').some((s, i) => i > 0 && (s === '' || s === '.' || s === '..'))) throw invalid(start);
  return { start: prefix + path.slice(1), revision };
}
