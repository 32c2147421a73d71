import { isCustom, type ResourceDef } from '../../schema/types.js';

/** Resources that kube-apiserver keeps under a path other than their own name; texts about preconditions name it. */
const PATHS: Readonly<Record<string, string>> = {
  '/endpoints': 'services/endpoints',
  '/nodes': 'minions',
  '/replicationcontrollers': 'controllers',
  '/services': 'services/specs',
  'networking.k8s.io/ingresses': 'ingress',
  'apiextensions.k8s.io/customresourcedefinitions': 'apiextensions.k8s.io/customresourcedefinitions',
  'apiregistration.k8s.io/apiservices': 'apiregistration.k8s.io/apiservices',
};

/** `/registry/<resource>/[<namespace>/]<name>`: what an object's key is called in kube-apiserver's error texts. */
export function registryPath(def: ResourceDef, namespace: string, name: string): string {
  const own = PATHS[`${def.group}/${def.resource}`];
  const path = own ?? (isCustom(def) ? `${def.group}/${def.resource}` : def.resource);
  return `/registry/${path}/${namespace === '' ? '' : `${namespace}/`}${name}`;
}
