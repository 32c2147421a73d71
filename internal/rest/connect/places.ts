import { posix } from 'node:path';

/** What it takes to say where an answer's places lie for the client. */
export interface Place {
  /** The path of the proxy, without a slash at the end. */
  readonly prefix: string;
  /** Host and port that were connected to. */
  readonly backend: string;
  /** The Host that the client asked for. */
  readonly asked: string;
}

/** Joined and cleaned, but a slash at the end stays. */
export function joined(...parts: string[]): string {
  const path = posix.join(...parts);
  const trailing = parts.at(-1)?.endsWith('/') === true && !path.endsWith('/');
  return trailing ? `${path}/` : path;
}

/** A place that an answer names, as the client must ask for it (apimachinery's proxy.Transport.rewriteURL). */
export function rewritten(text: string, { prefix, backend, asked }: Place): string {
  const parts = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/s.exec(text);
  if (parts === null) return text;
  const [, scheme = '', host = '', path = '', rest = ''] = parts;
  const isElsewhere = host !== '' && host !== backend && host !== asked;
  if (isElsewhere || !path.startsWith('/')) return text;
  const origin = host === asked && host !== '' ? `${scheme === '' ? '' : `${scheme}:`}//${host}` : '';
  if (path.startsWith(prefix)) return `${origin}${path}${rest}`;
  return `${origin}${joined(prefix, path)}${rest}`;
}
