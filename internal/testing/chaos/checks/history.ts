/** What a ConfigMap of the run holds, as far as the run cares: `data` and the label `side`, names in byte order. */
export type Content = Readonly<Record<string, string>>;

/** One call on one object. Every write carries an `id` of its own, which it leaves in the object as `data.id`. */
export type Request =
  | { readonly kind: 'create'; readonly id: string; readonly content: Content }
  /** Replaces the content; with `revision`, only if that is the object's. */
  | { readonly kind: 'update'; readonly id: string; readonly content: Content; readonly revision?: number }
  /** Merges into the content; with `revision`, only if that is the object's. */
  | { readonly kind: 'patch'; readonly id: string; readonly content: Content; readonly revision?: number }
  | { readonly kind: 'delete'; readonly id: string; readonly revision?: number }
  /** A linearizable read. */
  | { readonly kind: 'get' };

/** What the client was told. */
export type Outcome =
  /** Create, update, patch, get: the object. Delete: its uid alone. */
  | { readonly kind: 'ok'; readonly revision?: number; readonly uid?: string; readonly content?: Content }
  | { readonly kind: 'notFound' | 'alreadyExists' | 'conflict' }
  /** For certain not done: 429, 503. */
  | { readonly kind: 'refused' }
  /** No answer, or one that leaves open whether it was or will be done. */
  | { readonly kind: 'unknown' };

/** A call with its answer; times are milliseconds of one clock, `end` infinite when the outcome is unknown. */
export interface Operation {
  readonly key: string;
  readonly client: string;
  readonly begin: number;
  readonly end: number;
  readonly request: Request;
  readonly outcome: Outcome;
  /** The replica that was asked. */
  readonly replica: string;
  /** Anything that helps a reader: status code, message. */
  readonly note?: string;
}

/** A list of all objects of the run, as one replica answered it. */
export interface Listing {
  readonly client: string;
  readonly replica: string;
  /** Process of the replica: counts its starts. */
  readonly boot: number;
  readonly begin: number;
  readonly end: number;
  /** resourceVersion=0 was asked for: as old as the replica likes. */
  readonly local: boolean;
  /** The state as of this revision was asked for. */
  readonly exact?: number;
  /** The list's own resourceVersion. */
  readonly revision: number;
  readonly items: readonly Seen[];
}

/** One object as somebody saw it. */
export interface Seen {
  readonly key: string;
  readonly revision: number;
  readonly uid: string;
  readonly content: Content;
}

/** A read of one object with resourceVersion=0. */
export interface LocalGet {
  readonly key: string;
  readonly client: string;
  readonly replica: string;
  readonly begin: number;
  readonly end: number;
  /** Undefined: not found. */
  readonly seen: Seen | undefined;
}

/** What a watcher received, in order. */
export type WatchItem =
  /** A stream begins: after this revision; `initial` when the state as of the first bookmark comes first. */
  | {
      readonly kind: 'open';
      readonly at: number;
      readonly replica: string;
      readonly after: number;
      readonly initial: boolean;
      /** When it was asked for. */
      readonly asked: number;
    }
  | {
      readonly kind: 'event';
      readonly at: number;
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly seen: Seen;
    }
  /** `initialEnd`: all of the initial state has been sent. */
  | { readonly kind: 'bookmark'; readonly at: number; readonly revision: number; readonly initialEnd: boolean }
  /** The stream ended, by whatever. */
  | { readonly kind: 'close'; readonly at: number; readonly reason: string }
  /** 410: the revision is compacted; the watcher starts anew. */
  | { readonly kind: 'gone'; readonly at: number; readonly revision: number };

/** One client's watch over all objects of the run, or over those with the label side=`side`. */
export interface WatchHistory {
  readonly name: string;
  readonly side: string | undefined;
  readonly items: readonly WatchItem[];
  /** Revision that it must have reached at the end; undefined when that is not known. */
  readonly fence: number | undefined;
}

/** All that was seen in one epoch of a run. */
export interface History {
  readonly operations: readonly Operation[];
  readonly listings: readonly Listing[];
  readonly localGets: readonly LocalGet[];
  readonly watches: readonly WatchHistory[];
}

/** A promise that was broken, with what proves it. */
export interface Violation {
  readonly property:
    | 'linearizability'
    | 'one revision'
    | 'ordered'
    | 'unique'
    | 'reliable'
    | 'atomic'
    | 'resumable'
    | 'bookmarkable'
    | 'durability'
    | 'convergence'
    | 'a refused write does not happen'
    | 'health';
  readonly key?: string;
  readonly text: string;
  /** Lines that show it. */
  readonly evidence: readonly string[];
}

/** Text that is equal exactly for equal contents. */
export function textOf(content: Content): string {
  const names = Object.keys(content).sort();
  return names.map((name) => `${name}=${content[name]}`).join(' ');
}

/** The mark of the write that made this content. */
export const idOf = (content: Content): string => content.id ?? '';

/** One line for one call. */
export function describe(operation: Operation): string {
  const { begin, end, client, replica, request, outcome, note } = operation;
  const until = Number.isFinite(end) ? end.toFixed(1) : 'never';
  const asked = [
    request.kind,
    'id' in request ? request.id : '',
    'revision' in request && request.revision !== undefined ? `if at ${request.revision}` : '',
    'content' in request ? `{${textOf(request.content)}}` : '',
  ];
  const told =
    outcome.kind === 'ok'
      ? `ok${outcome.revision === undefined ? '' : ` ${outcome.revision}`}${outcome.content === undefined ? '' : ` {${textOf(outcome.content)}}`}${outcome.uid === undefined ? '' : ` uid ${outcome.uid.slice(0, 8)}`}`
      : outcome.kind;
  const tail = note === undefined ? '' : ` (${note})`;
  return `${begin.toFixed(1)}..${until} ${client}@${replica} ${asked.filter((a) => a !== '').join(' ')} -> ${told}${tail}`;
}
