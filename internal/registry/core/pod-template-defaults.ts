import { child, children, defaultNumber, defaultString, defaultTo, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { convertServiceAccount, dropInitContainerAnnotations } from './conversion.js';
import { defaultFieldRef, defaultPullPolicy } from './reference-defaults.js';
import { defaultVolume } from './volume-defaults.js';

// Rules: k8s.io/kubernetes pkg/apis/core/v1/defaults.go (SetDefaults_PodSpec, _Container, _Probe, ...).

/** Fills what a PodSpec leaves open, wherever it is embedded (pods and pod templates alike). */
export function defaultPodSpec(spec: JsonObject): void {
  for (const volume of children(spec, 'volumes')) defaultVolume(volume);
  for (const c of podSpecContainers(spec)) defaultContainer(c);
  defaultString(spec, 'restartPolicy', 'Always');
  defaultTo(spec, 'terminationGracePeriodSeconds', 30);
  defaultString(spec, 'dnsPolicy', 'ClusterFirst');
  defaultTo(spec, 'securityContext', {});
  defaultString(spec, 'schedulerName', 'default-scheduler');
  convertServiceAccount(spec);
}

/** `spec.template` of a workload: its PodSpec is defaulted. */
export function defaultPodTemplate(owner: JsonObject | undefined): void {
  const template = child(owner, 'template');
  if (template === undefined) return;
  dropInitContainerAnnotations(template);
  defaultPodSpec(ensureChild(template, 'spec'));
}

/** All containers of a PodSpec: init, regular, ephemeral. */
export function podSpecContainers(spec: JsonObject): JsonObject[] {
  return [
    ...children(spec, 'initContainers'),
    ...children(spec, 'containers'),
    ...children(spec, 'ephemeralContainers'),
  ];
}

function defaultContainer(c: JsonObject): void {
  defaultString(c, 'imagePullPolicy', defaultPullPolicy(str(c, 'image')));
  defaultString(c, 'terminationMessagePath', '/dev/termination-log');
  defaultString(c, 'terminationMessagePolicy', 'File');
  for (const port of children(c, 'ports')) defaultString(port, 'protocol', 'TCP');
  for (const env of children(c, 'env')) {
    const from = child(env, 'valueFrom');
    defaultFieldRef(from);
    const resource = child(from, 'resourceFieldRef');
    if (resource !== undefined) defaultTo(resource, 'divisor', '0');
    const file = child(from, 'fileKeyRef');
    if (file !== undefined) defaultTo(file, 'optional', false);
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const p = child(c, probe);
    if (p !== undefined) defaultProbe(p);
  }
  const lifecycle = child(c, 'lifecycle');
  for (const hook of ['postStart', 'preStop']) defaultHttpGet(child(lifecycle, hook));
}

function defaultProbe(p: JsonObject): void {
  defaultNumber(p, 'timeoutSeconds', 1);
  defaultNumber(p, 'periodSeconds', 10);
  defaultNumber(p, 'successThreshold', 1);
  defaultNumber(p, 'failureThreshold', 3);
  defaultHttpGet(p);
  const grpc = child(p, 'grpc');
  if (grpc !== undefined) defaultTo(grpc, 'service', '');
}

function defaultHttpGet(handler: JsonObject | undefined): void {
  const get = child(handler, 'httpGet');
  if (get === undefined) return;
  defaultString(get, 'path', '/');
  defaultString(get, 'scheme', 'HTTP');
}
