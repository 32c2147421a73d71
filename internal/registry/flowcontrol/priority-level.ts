import { child, defaultNumber, defaultTo } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { FieldError } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { PRIORITY_LEVELS } from '../default-objects/flow-control.js';
import { asInGo } from '../generic/as-in-go.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';
import { checkFlowConditions } from './conditions.js';

// Defaults: k8s.io/kubernetes pkg/apis/flowcontrol/v1/defaults.go.

const EXEMPT = 'exempt';
const CATCH_ALL = 'catch-all';
const MAX_QUEUES = 10_000_000;
/** Bits of a request's hash that dealing a hand of queues may use up. */
const MAX_HASH_BITS = 60;

/** Bits needed to deal `hand` different cards from a deck of `queues`. */
function entropyBits(queues: number, hand: number): number {
  return Math.ceil(Math.log2(queues) * hand);
}

function checkQueuing(queuing: FieldNode): void {
  const [queues, hand] = [queuing.number('queues') ?? 0, queuing.number('handSize') ?? 0];
  const mustBePositive = 'must be positive';
  if ((queuing.number('queueLengthLimit') ?? 0) <= 0) queuing.invalid('queueLengthLimit', mustBePositive);
  if (queues <= 0) queuing.invalid('queues', mustBePositive);
  else if (queues > MAX_QUEUES) queuing.invalid('queues', `must not be greater than ${MAX_QUEUES}`);
  if (hand <= 0) queuing.invalid('handSize', mustBePositive);
  else if (hand > queues) queuing.invalid('handSize', `should not be greater than queues (${queues})`);
  else if (entropyBits(queues, hand) > MAX_HASH_BITS) {
    queuing.invalid(
      'handSize',
      `required entropy bits of deckSize ${queues} and handSize ${hand} should not be greater than ${MAX_HASH_BITS}`,
    );
  }
}

function checkResponse(response: FieldNode): void {
  const queuing = response.child('queuing');
  switch (response.text('type')) {
    case 'Reject':
      if (queuing !== undefined) {
        response.forbidden('queuing', 'must be nil if limited.limitResponse.type is not Limited');
      }
      break;
    case 'Queue':
      if (queuing === undefined) {
        response.required('queuing', 'must not be empty if limited.limitResponse.type is Limited');
      } else checkQueuing(queuing);
      break;
    default:
      response.unsupported('type', ['Queue', 'Reject']);
  }
}

function checkShares(level: FieldNode): void {
  if ((level.number('nominalConcurrencyShares') ?? 0) < 0) {
    level.invalid('nominalConcurrencyShares', 'must be a non-negative integer');
  }
}

function checkLendable(level: FieldNode): void {
  const percent = level.number('lendablePercent') ?? 0;
  if (percent < 0 || percent > 100) level.invalid('lendablePercent', 'must be between 0 and 100, inclusive');
}

function checkLimited(limited: FieldNode): void {
  checkShares(limited);
  checkResponse(limited.struct('limitResponse'));
  checkLendable(limited);
  if ((limited.number('borrowingLimitPercent') ?? 0) < 0) {
    limited.invalid('borrowingLimitPercent', 'if specified, must be a non-negative integer');
  }
}

function checkSpec(spec: FieldNode, name: string): void {
  const type = spec.text('type');
  const [limited, exempt] = [spec.child('limited'), spec.child('exempt')];
  if ((name === EXEMPT) !== (type === 'Exempt')) {
    spec.invalid('type', "must be 'Exempt' if and only if `name` is 'exempt'", type);
  }
  switch (type) {
    case 'Exempt':
      if (exempt !== undefined) {
        checkShares(exempt);
        checkLendable(exempt);
      }
      if (limited !== undefined) spec.forbidden('limited', 'must be nil if the type is not Limited');
      break;
    case 'Limited':
      if (exempt !== undefined) spec.forbidden('exempt', 'must be nil if the type is Limited');
      if (limited === undefined) spec.required('limited', 'must not be empty when type is Limited');
      else checkLimited(limited);
      break;
    default:
      spec.unsupported('type', ['Exempt', 'Limited']);
  }
}

/** The two levels that there must always be are what Kubernetes says; of `exempt`, how it lends its seats may change. */
function checkMandatory(spec: FieldNode, name: string): void {
  if (name !== EXEMPT && name !== CATCH_ALL) return;
  const fixed = PRIORITY_LEVELS.find((row) => row.name === name)?.spec;
  if (fixed === undefined) return;
  const same =
    name === EXEMPT
      ? spec.text('type') === fixed['type'] && !spec.has('limited')
      : semanticEqual(spec.value, withDefaults(fixed));
  if (same) return;
  const which = name === EXEMPT ? `spec of 'exempt' except the 'spec.exempt' field` : `spec of '${name}'`;
  spec.invalid(
    '',
    `${which} must equal the fixed value`,
    asInGo(spec.value, 'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec'),
  );
}

function withDefaults(spec: JsonObject): JsonObject {
  const level = { spec: structuredClone(spec) };
  defaults(level);
  return level.spec;
}

function check(root: FieldNode): void {
  const name = root.struct('metadata').text('name');
  const spec = root.struct('spec');
  checkSpec(spec, name);
  checkMandatory(spec, name);
  checkFlowConditions(root.struct('status'));
}

function defaults(level: JsonObject): void {
  const spec = child(level, 'spec');
  const exempt = child(spec, 'exempt');
  if (exempt !== undefined) {
    defaultTo(exempt, 'nominalConcurrencyShares', 0);
    defaultTo(exempt, 'lendablePercent', 0);
  }
  const limited = child(spec, 'limited');
  if (limited === undefined) return;
  defaultTo(limited, 'nominalConcurrencyShares', 30);
  defaultTo(limited, 'lendablePercent', 0);
  const queuing = child(child(limited, 'limitResponse'), 'queuing');
  if (queuing === undefined) return;
  defaultNumber(queuing, 'queues', 64);
  defaultNumber(queuing, 'handSize', 8);
  defaultNumber(queuing, 'queueLengthLimit', 50);
}

const validate = (level: JsonObject): FieldError[] => validating(level, check);

export const priorityLevelConfigurations: Strategy = {
  defaults,
  prepareForCreate(_ctx, level) {
    level['status'] = {};
  },
  validate,
  validateUpdate: validate,
  validateStatusUpdate: (level) => validating(level, (root) => checkFlowConditions(root.struct('status'))),
};
