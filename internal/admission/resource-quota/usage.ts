import { child, children, ensureChild, str } from '../../machinery/access.js';
import { cloneJson } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { addQuantity, formatQuantity } from '../../machinery/quantity.js';
import { trackUpdate } from '../../schema/apply/index.js';
import { encodeForStorage } from '../../schema/codec/index.js';
import { dropNulls, writeNulls } from '../../schema/nulls.js';
import { type ChargeOp, chargedText } from '../../store/charge.js';
import { objectKey } from '../../store/keys.js';
import type { AdmissionContext } from '../types.js';
import { amountsOf } from './amounts.js';
import type { Charge } from './check.js';

const TYPE = 'io.k8s.api.core.v1.ResourceQuota';
/** Who writes usage, in managedFields. */
const MANAGER = 'kube-apiserver';

/** Whether the API server owns these values of `status.used` already. */
function isOwned(quota: JsonObject, names: Iterable<string>): boolean {
  const entry = children(child(quota, 'metadata'), 'managedFields').find(
    (e) => str(e, 'manager') === MANAGER && str(e, 'operation') === 'Update' && str(e, 'subresource') === 'status',
  );
  const owned = child(child(child(entry, 'fieldsV1'), 'f:status'), 'f:used');
  return owned !== undefined && [...names].every((name) => owned[`f:${name}`] !== undefined);
}

/**
 * Has the write also store what it uses, in its own transaction. Where the API server was the last to write these
 * values, that is a charge, which any number of writes make at once and the store adds up (see the `charge` operation).
 * Otherwise managedFields change as well, or a member of the cluster does not know charges yet: then the quota is replaced, on condition that nobody else did so meanwhile.
 */
export function chargeWithWrite(ctx: AdmissionContext, namespace: string, { quota, amounts }: Charge): void {
  const meta = child(quota, 'metadata');
  const key = objectKey('', 'resourcequotas', namespace, str(meta, 'name'));
  const stored = ctx.reader.stored(key);
  const revision = Number(str(meta, 'resourceVersion'));
  const charge: ChargeOp = {
    type: 'charge',
    key,
    uid: str(meta, 'uid'),
    amounts: [...amounts].map(([name, amount]) => [name, formatQuantity(amount)]),
  };
  if (
    ctx.reader.takesCharges &&
    stored !== undefined &&
    isOwned(quota, amounts.keys()) &&
    chargedText(stored.value.toString('latin1'), stored.modRevision, charge) !== undefined
  ) {
    ctx.operations.push(charge);
    return;
  }
  const old = cloneJson(quota);
  const next = cloneJson(quota);
  dropNulls(TYPE, old);
  dropNulls(TYPE, next);
  const used = ensureChild(ensureChild(next, 'status'), 'used');
  const before = amountsOf(used);
  for (const [name, amount] of amounts) {
    const have = before.get(name);
    used[name] = formatQuantity(have === undefined ? amount : addQuantity(have, amount));
  }
  trackUpdate({
    typeName: TYPE,
    apiVersion: 'v1',
    old,
    obj: next,
    manager: MANAGER,
    subresource: 'status',
    now: `${new Date().toISOString().slice(0, 19)}Z`,
  });
  writeNulls(TYPE, next);
  const { value, revisionAt } = encodeForStorage(next);
  ctx.compares.push({ key, modRevision: revision });
  ctx.operations.push({ type: 'put', key, value, revisionAt });
}
