import { child, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { defaultOf } from '../lookup.js';
import type { AdmissionContext } from '../types.js';
import { mutating } from '../mutating.js';

/** An ingress that names no class gets the default one, if there is one (plugin DefaultIngressClass). */
function admitDefaultIngressClass(ctx: AdmissionContext, ingress: JsonObject): void {
  const spec = ensureChild(ingress, 'spec');
  const annotations = child(child(ingress, 'metadata'), 'annotations');
  if (spec['ingressClassName'] !== undefined || annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
  const standard = defaultOf(
    ctx.reader.list('networking.k8s.io', 'ingressclasses'),
    'ingressclass.kubernetes.io/is-default-class',
  );
  if (standard !== undefined) spec['ingressClassName'] = str(child(standard, 'metadata'), 'name');
}

/** Ingresses get a class. */
export const defaultIngressClass = mutating('DefaultIngressClass', ['CREATE'], {
  group: 'networking.k8s.io',
  resource: 'ingresses',
  change: admitDefaultIngressClass,
});
