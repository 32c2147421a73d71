import { createHash, createHmac } from 'node:crypto';

/** Who asks an S3-compatible store, and in which region it is. */
export interface S3Identity {
  readonly accessKey: string;
  readonly secretKey: string;
  /** '' for a key that does not expire. */
  readonly sessionToken: string;
  readonly region: string;
}

/** A request as it is signed. */
export interface S3Request {
  readonly method: string;
  /** Percent-encoded, with the slash at its beginning. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** With `host`. Names are in lower case; all of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Percent-encodes all but A-Z a-z 0-9 - . _ ~, as signatures need it. */
export function encodeS3(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The query as it is sent and signed: sorted, encoded. */
export function queryText(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeS3(name)}=${encodeS3(value)}`)
    .sort()
    .join('&');
}

/** The headers of a request with its signature (AWS Signature Version 4, service s3). */
export function signedHeaders(request: S3Request, identity: S3Identity, now: Date): Record<string, string> {
  const time = `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  const scope = `${time.slice(0, 8)}/${identity.region}/s3/aws4_request`;
  const bodyHash = sha256(request.body);
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-content-sha256': bodyHash,
    'x-amz-date': time,
    ...(identity.sessionToken === '' ? {} : { 'x-amz-security-token': identity.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    request.method,
    request.path,
    queryText(request.query),
    ...names.map((name) => `${name}:${headers[name]?.trim() ?? ''}`),
    '',
    names.join(';'),
    bodyHash,
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [time.slice(0, 8), identity.region, 's3', 'aws4_request'].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${identity.secretKey}`),
  );
  const signature = hmac(key, toSign).toString('hex');
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${identity.accessKey}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`;
  return headers;
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
