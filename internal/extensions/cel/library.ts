import { BOOL, type CelType, DOUBLE, DURATION, INT, listOf, scalar, STRING, TIMESTAMP, UNKNOWN } from './types.js';

/*
 * Functions that Kubernetes 1.36 gives to expressions: CEL's own, cel-go's extensions and the libraries of
 * k8s.io/apiserver/pkg/cel. What they return, where that is one type for every use; their arguments are not checked.
 */

const names = (type: CelType, text: string): [string, CelType][] =>
  text
    .trim()
    .split(/\s+/)
    .map((name) => [name, type]);

/** Functions by name; a name with a dot is that of a namespace, and no member of a value. */
export const FUNCTIONS: ReadonlyMap<string, CelType> = new Map([
  ...names(
    BOOL,
    `bool contains startsWith endsWith matches isSorted isURL isQuantity isInteger isLessThan isGreaterThan isIP
     ip.isCanonical isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast isCIDR containsIP
     containsCIDR isSemver allowed errored hasValue sets.contains sets.equivalent sets.intersects`,
  ),
  ...names(
    INT,
    `int size indexOf lastIndexOf getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes
     getSeconds getMilliseconds asInteger sign compareTo prefixLength family major minor patch`,
  ),
  ...names(
    STRING,
    `string charAt join lowerAscii upperAscii trim replace substring quote find getScheme getHost getHostname getPort
     getEscapedPath reason error strings.quote jsonpatch.escapeKey base64.encode`,
  ),
  ...names(DOUBLE, 'double asApproximateFloat'),
  ...names(scalar('uint'), 'uint'),
  ...names(scalar('bytes'), 'bytes base64.decode'),
  ...names(TIMESTAMP, 'timestamp'),
  ...names(DURATION, 'duration'),
  ...names(listOf(STRING), 'split findAll'),
  ...names(listOf(INT), 'lists.range'),
  ...names(
    UNKNOWN,
    `dyn type reverse format sum min max slice flatten distinct sort first last url getQuery quantity add sub ip cidr
     masked format.named validate semver normalize path check group resource subresource namespace name serviceAccount
     fieldSelector labelSelector optional.of optional.none optional.ofNonZeroValue value or orValue unwrap unwrapOpt
     optional.unwrap math.greatest math.least math.ceil math.floor math.round math.trunc math.abs math.sign math.isNaN
     math.isInf math.isFinite math.sqrt math.bitAnd math.bitOr math.bitXor math.bitNot math.bitShiftLeft
     math.bitShiftRight format.dns1123Label format.dns1123Subdomain format.dns1035Label format.qualifiedName
     format.dns1123LabelPrefix format.dns1123SubdomainPrefix format.dns1035LabelPrefix format.labelValue format.uri
     format.uuid format.byte format.date format.datetime`,
  ),
]);

/** Names of types, which are values too. */
export const TYPE_NAMES: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'int',
  'list',
  'map',
  'null_type',
  'string',
  'type',
  'uint',
  'optional_type',
]);

/** First words of names with dots. */
export const NAMESPACES: ReadonlySet<string> = new Set(
  [...FUNCTIONS.keys(), 'cel.bind', 'google.protobuf'].filter((n) => n.includes('.')).map((n) => n.split('.')[0] ?? ''),
);
