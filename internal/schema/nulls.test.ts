import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { dropNulls, writeNulls } from './nulls.js';

describe('nulls', () => {
  it('are written where Go writes them, and taken out again', () => {
    const event = { metadata: { name: 'e' }, series: { count: 1 } };
    writeNulls('io.k8s.api.core.v1.Event', event);
    expect(event).toEqual({
      metadata: { name: 'e' },
      series: { count: 1, lastObservedTime: null },
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: null,
    });
    dropNulls('io.k8s.api.core.v1.Event', event);
    expect(event).toEqual({ metadata: { name: 'e' }, series: { count: 1 } });
  });
  it('stand for empty lists, at every depth', () => {
    const role = { rules: [] };
    writeNulls('io.k8s.api.rbac.v1.ClusterRole', role);
    expect(role).toEqual({ rules: null });
    const pod = { spec: { containers: [{ name: 'c' }] }, status: { conditions: [{ type: 'Ready' }] } };
    writeNulls('io.k8s.api.core.v1.Pod', pod);
    expect(pod.status.conditions).toEqual([{ type: 'Ready', lastProbeTime: null, lastTransitionTime: null }]);
  });
  it('stand for pointers and bytes that Go writes whatever they are', () => {
    const claim: JsonObject = { spec: { dataSource: { kind: 'PersistentVolumeClaim', name: 'c' } } };
    writeNulls('io.k8s.api.core.v1.PersistentVolumeClaim', claim);
    expect(claim).toEqual({ spec: { dataSource: { apiGroup: null, kind: 'PersistentVolumeClaim', name: 'c' } } });
    const request: JsonObject = { spec: {} };
    writeNulls('io.k8s.api.certificates.v1.CertificateSigningRequest', request);
    expect(request).toEqual({ spec: { request: null } });
  });
  it('in data that has no type are left alone', () => {
    const revision = { data: { spec: { replicas: null } }, revision: 1 };
    dropNulls('io.k8s.api.apps.v1.ControllerRevision', revision);
    expect(revision.data).toEqual({ spec: { replicas: null } });
  });
});
