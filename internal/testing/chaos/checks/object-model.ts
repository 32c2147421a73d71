import { type Content, idOf, type Operation, textOf } from './history.js';
import type { SequentialModel } from './linearizability.js';

/** One key as the model has it. */
export interface ObjectState {
  /** Undefined: there is no such object. */
  readonly content: Content | undefined;
  /** Undefined for a version that nobody ever saw, and for an object that does not exist. */
  readonly revision: number | undefined;
  readonly uid: string | undefined;
  /** Highest revision that the key is known to have had, deleted or not. */
  readonly floor: number;
}

/** What was seen, by anybody, of the versions that writes made. */
export interface Sightings {
  /** Revision and uid by the id of the write. */
  readonly byId: ReadonlyMap<string, { readonly revision: number; readonly uid: string }>;
  /** For each revision that was seen of the key, the one that was seen before it; 0 for the first. */
  readonly previous: ReadonlyMap<number, number>;
}

const ABSENT: ObjectState = { content: undefined, revision: undefined, uid: undefined, floor: 0 };

/**
 * One Kubernetes object with optimistic concurrency, as kube-apiserver answers: create needs absence (AlreadyExists),
 * everything else presence (NotFound), a resourceVersion must be the object's (Conflict), revisions of a key only grow,
 * a uid lives from create to delete. Versions that were seen follow each other by revision; others lie anywhere between.
 */
export function objectModel(sightings: Sightings): SequentialModel<ObjectState, Operation> {
  const texts = new WeakMap<ObjectState, string>();
  return {
    initial: ABSENT,
    text(state) {
      let text = texts.get(state);
      if (text === undefined) {
        const { content, revision, uid, floor } = state;
        text = `${revision ?? ''}|${uid ?? ''}|${floor}|${content === undefined ? '' : textOf(content)}`;
        texts.set(state, text);
      }
      return text;
    },
    step: (state, operation) => step(state, operation, sightings),
    optionalKind({ request, outcome }) {
      if (outcome.kind !== 'unknown' || request.kind === 'get') return undefined;
      if (request.kind === 'delete') return `delete ${request.revision ?? ''}`;
      return sightings.byId.has(request.id) ? undefined : request.id;
    },
  };
}

function step(state: ObjectState, operation: Operation, sightings: Sightings): ObjectState | undefined {
  const { request, outcome } = operation;
  switch (outcome.kind) {
    case 'notFound':
      return request.kind !== 'create' && state.content === undefined ? state : undefined;
    case 'alreadyExists':
      return request.kind === 'create' && state.content !== undefined ? state : undefined;
    case 'conflict':
      return conflicts(state, operation) ? state : undefined;
    case 'refused':
      return undefined; // never took effect: such calls are not put before the model
    case 'ok':
    case 'unknown':
      return request.kind === 'get' ? read(state, operation) : write(state, operation, sightings);
  }
}

function conflicts(state: ObjectState, { request }: Operation): boolean {
  if (state.content === undefined || request.kind === 'get' || request.kind === 'create') return false;
  return request.revision !== undefined && request.revision !== state.revision;
}

function read(state: ObjectState, { outcome }: Operation): ObjectState | undefined {
  if (outcome.kind !== 'ok' || state.content === undefined || outcome.content === undefined) return undefined;
  if (outcome.revision !== state.revision || outcome.uid !== state.uid) return undefined;
  return textOf(outcome.content) === textOf(state.content) ? state : undefined;
}

function write(state: ObjectState, { request, outcome }: Operation, sightings: Sightings): ObjectState | undefined {
  if (request.kind === 'get') return undefined;
  const exists = state.content !== undefined;
  if (exists === (request.kind === 'create')) return undefined;
  if (request.kind !== 'create' && request.revision !== undefined && request.revision !== state.revision) {
    return undefined;
  }
  const answer = outcome.kind === 'ok' ? outcome : undefined;
  if (request.kind === 'delete') {
    const other = answer?.uid !== undefined && state.uid !== undefined && answer.uid !== state.uid;
    return other ? undefined : { ...ABSENT, floor: state.floor };
  }
  const content = request.kind === 'patch' ? { ...state.content, ...request.content } : request.content;
  if (answer?.content !== undefined && textOf(answer.content) !== textOf(content)) return undefined;
  const seen = sightings.byId.get(idOf(content));
  if (seen === undefined)
    return { content, revision: undefined, uid: exists ? state.uid : undefined, floor: state.floor };
  // What was seen happened; so the version that was seen before this one must be there already.
  if (seen.revision <= state.floor || sightings.previous.get(seen.revision) !== state.floor) return undefined;
  if (exists && state.uid !== undefined && seen.uid !== state.uid) return undefined;
  return { content, revision: seen.revision, uid: seen.uid, floor: seen.revision };
}
