import { X509Certificate } from 'node:crypto';
import { DerError } from '../../machinery/der.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { FieldError } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { pemBlocks } from '../../machinery/pem.js';
import { parseSigningRequest, pemBlock, signatureProblem } from '../../machinery/pkcs10.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { goListDiff } from '../generic/go-diff.js';
import { checkSignerName } from './signer-name.js';

const MIN_SECONDS = 600;

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** Conditions that are never taken back, and are said only when they are true. */
const FINAL = ['Approved', 'Denied', 'Failed'];
const DECISIONS = ['Approved', 'Denied'];
const EXCLUSIVE = 'Approved and Denied conditions are mutually exclusive';

/** What an update may keep because the stored request already has it. */
interface Lenience {
  readonly bothDecisions?: boolean;
  readonly duplicateTypes?: boolean;
  readonly emptyTypes?: boolean;
  readonly anyCertificate?: boolean;
  readonly duplicateUsages?: boolean;
  readonly unknownUsages?: boolean;
}

function requestProblem(request: string): string | undefined {
  const der = pemBlock(Buffer.from(request, 'base64').toString('latin1'), 'CERTIFICATE REQUEST');
  if (der === undefined) return 'PEM block type must be CERTIFICATE REQUEST';
  try {
    return signatureProblem(parseSigningRequest(der));
  } catch (e) {
    if (!(e instanceof DerError)) throw e;
    return e.message;
  }
}

function checkUsages(spec: FieldNode, lenience: Lenience): void {
  const usages = spec.texts('usages');
  if (usages.length === 0) spec.required('usages');
  for (const [i, usage] of usages.entries()) {
    if (lenience.unknownUsages !== true && !USAGES.includes(usage)) spec.unsupported(`usages[${i}]`, USAGES, usage);
  }
  for (const [i, usage] of usages.entries()) {
    if (lenience.duplicateUsages !== true && usages.indexOf(usage) < i) spec.duplicate(`usages[${i}]`, usage);
  }
}

function checkConditions(status: FieldNode, lenience: Lenience): void {
  const seen = new Set<string>();
  for (const condition of status.list('conditions')) {
    const type = condition.text('type');
    if (type === '' && lenience.emptyTypes !== true) condition.required('type');
    if (condition.text('status') === '') condition.required('status');
    else condition.requireOneOf('status', FINAL.includes(type) ? ['True'] : ['False', 'True', 'Unknown']);
    if (lenience.bothDecisions !== true && DECISIONS.includes(type)) {
      if (DECISIONS.some((other) => other !== type && seen.has(other))) condition.invalid('type', EXCLUSIVE);
    }
    if (lenience.duplicateTypes !== true && seen.has(type)) condition.duplicate('type', type);
    seen.add(type);
  }
}

function certificateProblem(certificate: string): string | undefined {
  if (certificate === '') return undefined;
  const pem = Buffer.from(certificate, 'base64').toString('latin1');
  const blocks = pemBlocks(pem);
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const { type, hasHeaders, der } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${type}"`;
    if (hasHeaders) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(der);
    } catch (e) {
      if (!(e instanceof Error)) throw e;
      return 'x509: malformed certificate';
    }
  }
  return undefined;
}

function check(root: FieldNode, lenience: Lenience): void {
  const spec = root.struct('spec');
  const problem = requestProblem(spec.text('request'));
  if (problem !== undefined) spec.invalid('request', problem, spec.get('request') ?? null);
  checkUsages(spec, lenience);
  if (spec.text('signerName') === 'kubernetes.io/legacy-unknown') {
    spec.invalid('signerName', 'the legacy signerName is not allowed via this API version');
  } else checkSignerName(spec);
  const seconds = spec.number('expirationSeconds');
  if (seconds !== undefined && seconds < MIN_SECONDS) {
    spec.invalid('expirationSeconds', 'may not specify a duration less than 600 seconds (10 minutes)');
  }
  const status = root.struct('status');
  checkConditions(status, lenience);
  const certificate = status.text('certificate');
  const bad = lenience.anyCertificate === true ? undefined : certificateProblem(certificate);
  if (bad !== undefined) status.invalid('certificate', bad, '<certificate data>');
}

const isRepeated = (values: readonly string[]): boolean => new Set(values).size < values.length;

function lenienceOf(csr: JsonObject, old: JsonObject): Lenience {
  const before = new FieldNode(old);
  const status = before.struct('status');
  const types = status.list('conditions').map((c) => c.text('type'));
  const usages = before.struct('spec').texts('usages');
  const certificate = status.text('certificate');
  return {
    bothDecisions: DECISIONS.every((d) => types.includes(d)),
    duplicateTypes: isRepeated(types),
    emptyTypes: types.includes(''),
    anyCertificate:
      certificate === new FieldNode(csr).struct('status').text('certificate') ||
      certificateProblem(certificate) !== undefined,
    duplicateUsages: isRepeated(usages),
    unknownUsages: usages.some((u) => !USAGES.includes(u)),
  };
}

const CONDITION = 'io.k8s.api.certificates.v1.CertificateSigningRequestCondition';

const conditionsOf = (csr: FieldNode, type: string): JsonObject[] =>
  csr
    .struct('status')
    .list('conditions')
    .filter((c) => c.text('type') === type)
    .map((c) => c.value);

/** Which part of an update may do what: only approval decides, only status brings the certificate. */
type Way = '' | 'approval' | 'status';

function checkChanges(root: FieldNode, before: FieldNode, way: Way): void {
  const status = root.struct('status');
  const refuse = (verb: string, type: string, diff = ''): void => {
    status.forbidden('conditions', `updates may not ${verb} a condition of type "${type}"${diff}`);
  };
  for (const type of FINAL) {
    if (conditionsOf(root, type).length < conditionsOf(before, type).length) refuse('remove', type);
  }
  for (const type of way === 'approval' ? [] : DECISIONS) {
    const [now, then] = [conditionsOf(root, type), conditionsOf(before, type)];
    if (now.length > then.length) refuse('add', type);
    else if (now.length === then.length && !semanticEqual(now, then)) {
      refuse('modify', type, `\n${goListDiff(then, now, CONDITION)}`);
    }
  }
  const certificate = before.struct('status').text('certificate');
  if (status.text('certificate') === certificate) return;
  if (way !== 'status') status.forbidden('certificate', 'updates may not set certificate content');
  else if (certificate !== '') {
    status.forbidden('certificate', 'updates may not modify existing certificate content');
  }
}

/** Field errors of a new certificate signing request. */
export const validateRequest = (csr: JsonObject): FieldError[] => validating(csr, (root) => check(root, {}));

/** Field errors of a changed one, by the way in which it was changed. */
export const validateRequestUpdate =
  (way: Way) =>
  (csr: JsonObject, old: JsonObject): FieldError[] =>
    validating(csr, (root) => {
      check(root, lenienceOf(csr, old));
      checkChanges(root, new FieldNode(old), way);
    });
