import type { LazyObject } from './lazy.js';
import type { Ahead } from './types.js';

/** metav1.ListMeta of an answer. */
export interface ListMeta {
  /** Absent for lists of what is not stored. */
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** A list that can be written piece by piece: `open`, the items with `separator` between, `close`. */
export interface TextList {
  /** Everything before the first item. */
  open(meta: ListMeta): string;
  item(obj: LazyObject): Buffer | string;
  readonly separator: string;
  /** Everything behind the last item. */
  close(meta: ListMeta): string;
  /** The whole answer when there is no item. */
  empty(meta: ListMeta): string;
}

/** A list that is kept until it is whole: YAML, which only people read. */
export interface WholeList {
  /** Encodes one item; a large one in several turns of the loop. The pieces are handed to `whole` in order. */
  item(obj: LazyObject): Buffer | Promise<Buffer>;
  whole(meta: ListMeta, items: readonly Buffer[]): Buffer;
}

/** A list whose length stands before its first item: protobuf. The answer is `open`, the items, `close`. */
export interface SizedList {
  item(obj: LazyObject): Buffer;
  /** `bytes` is the length of all items. */
  open(meta: ListMeta, bytes: number): Buffer;
  readonly close: Buffer;
}

/** How the objects of one resource are written for one client: media type, version, table or metadata only. */
export interface Encoding {
  /** Waited for before objects are encoded; absent where there is nothing to wait for. */
  readonly prepare?: ((objects: readonly LazyObject[]) => Promise<void>) | undefined;
  /** The same for one large object, whose making takes long; absent where it does not. */
  readonly madeInTurns?: ((obj: LazyObject) => Promise<void>) | undefined;
  readonly contentType: string;
  /** One object, as GET answers. */
  one(obj: LazyObject): Buffer | string;
  /** The same in several turns of the loop, where a large object takes long. */
  readonly oneInTurns?: (obj: LazyObject) => Buffer | Promise<Buffer>;
  /** Values read for one page of a list, bytes: fewer where to encode them takes long. */
  readonly pageBytes?: number;
  readonly list: TextList | WholeList | SizedList;
}

/** How the events of a watch are written. */
export interface EventEncoding {
  /** Waited for before events of these objects are written; absent where there is nothing to wait for. */
  readonly prepare?: ((objects: readonly LazyObject[]) => Promise<void>) | undefined;
  /** Equal for encodings that write the same bytes. */
  readonly key: string;
  readonly contentType: string;
  readonly ahead: Ahead;
  /** `first` is the watcher's first event: tables name their columns only there. */
  event(type: EventType, obj: LazyObject, first: boolean): Buffer;
  /** Whether `first` makes a difference. */
  readonly firstDiffers: boolean;
  bookmark(revision: number, initialEventsEnd: boolean): Buffer;
  error(status: object): Buffer;
}

export function isTextList(list: Encoding['list']): list is TextList {
  return 'empty' in list;
}
export function isWholeList(list: Encoding['list']): list is WholeList {
  return 'whole' in list;
}
