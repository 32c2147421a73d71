import { child, children, num, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { FLOW_SCHEMAS, PRIORITY_LEVELS } from '../registry/default-objects/flow-control.js';
import { type Matcher, matcherOf } from './matching.js';

/** How a priority level lets requests wait. */
export interface Queuing {
  readonly queues: number;
  readonly handSize: number;
  readonly queueLengthLimit: number;
}

/** A PriorityLevelConfiguration as it is worked with. */
export interface Level {
  readonly name: string;
  readonly uid: string;
  /** Its requests never wait. */
  readonly exempt: boolean;
  readonly shares: number;
  readonly lendablePercent: number;
  /** Undefined: it may borrow whatever the others lend. */
  readonly borrowingLimitPercent: number | undefined;
  /** Undefined: what finds no seat is rejected. */
  readonly queuing: Queuing | undefined;
}

/** A FlowSchema as it is worked with. */
export interface Schema {
  readonly name: string;
  readonly uid: string;
  readonly precedence: number;
  readonly level: string;
  /** What tells the flows of this schema apart; '' where all of its requests are one flow. */
  readonly distinguisher: 'ByUser' | 'ByNamespace' | '';
  readonly matches: Matcher;
}

const DEFAULT_SHARES = 30;
/** Defaults of k8s.io/api/flowcontrol/v1 QueuingConfiguration. */
const DEFAULT_QUEUING: Queuing = { queues: 64, handSize: 8, queueLengthLimit: 50 };

/** What is kept of a PriorityLevelConfiguration. */
export function levelOf(object: JsonObject): Level {
  const metadata = child(object, 'metadata');
  const spec = child(object, 'spec');
  const exempt = str(spec, 'type') === 'Exempt';
  const part = child(spec, exempt ? 'exempt' : 'limited');
  const queuing = child(child(part, 'limitResponse'), 'queuing');
  return {
    name: str(metadata, 'name'),
    uid: str(metadata, 'uid'),
    exempt,
    shares: num(part, 'nominalConcurrencyShares') ?? (exempt ? 0 : DEFAULT_SHARES),
    lendablePercent: num(part, 'lendablePercent') ?? 0,
    borrowingLimitPercent: num(part, 'borrowingLimitPercent'),
    queuing:
      queuing === undefined
        ? undefined
        : {
            queues: num(queuing, 'queues') ?? DEFAULT_QUEUING.queues,
            handSize: num(queuing, 'handSize') ?? DEFAULT_QUEUING.handSize,
            queueLengthLimit: num(queuing, 'queueLengthLimit') ?? DEFAULT_QUEUING.queueLengthLimit,
          },
  };
}

/** What is kept of a FlowSchema. */
export function schemaOf(object: JsonObject): Schema {
  const metadata = child(object, 'metadata');
  const spec = child(object, 'spec');
  const distinguisher = str(child(spec, 'distinguisherMethod'), 'type');
  return {
    name: str(metadata, 'name'),
    uid: str(metadata, 'uid'),
    precedence: num(spec, 'matchingPrecedence') ?? 1000,
    level: str(child(spec, 'priorityLevelConfiguration'), 'name'),
    distinguisher: distinguisher === 'ByUser' || distinguisher === 'ByNamespace' ? distinguisher : '',
    matches: matcherOf(children(spec, 'rules')),
  };
}

const MANDATORY = ['exempt', 'catch-all'];
const named = ({ name, spec }: { name: string; spec: JsonObject }): JsonObject => ({ metadata: { name }, spec });

/** The levels and schemas that are in force even where their objects are missing: every request finds its place. */
export const MANDATORY_LEVELS: readonly Level[] = PRIORITY_LEVELS.filter((row) => MANDATORY.includes(row.name)).map(
  (row) => levelOf(named(row)),
);
export const MANDATORY_SCHEMAS: readonly Schema[] = FLOW_SCHEMAS.filter((row) => MANDATORY.includes(row.name)).map(
  (row) => schemaOf(named(row)),
);
