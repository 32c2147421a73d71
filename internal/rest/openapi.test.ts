import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../machinery/status.js';
import { OpenApi } from '../schema/openapi/index.js';
import { createOpenApi } from './openapi.js';
import type { ApiRequest, BytesReply } from './types.js';

const handle = createOpenApi(new OpenApi('test'));
async function ask(url: string, headers: Record<string, string> = {}): Promise<BytesReply | undefined> {
  const { pathname, searchParams } = new URL(url, 'https://x');
  const request = { method: 'GET', path: pathname, query: searchParams, header: (n: string) => headers[n] ?? '' };
  return (await handle(request as unknown as ApiRequest)) as BytesReply | undefined;
}
const json = (reply: BytesReply | undefined): Record<string, unknown> =>
  JSON.parse(String(reply?.body ?? 'null')) as Record<string, unknown>;

describe('/openapi', () => {
  it('serves v2 as JSON, gzipped to those who take it, and 304 to those who have it', async () => {
    const plain = await ask('/openapi/v2');
    expect(json(plain)['swagger']).toBe('2.0');
    const zipped = await ask('/openapi/v2', { 'accept-encoding': 'gzip' });
    expect(zipped?.headers?.['Content-Encoding']).toBe('gzip');
    expect(gunzipSync(zipped?.body as Buffer).toString()).toBe(String(plain?.body));
    const etag = plain?.headers?.['ETag'] ?? '';
    expect((await ask('/openapi/v2', { 'if-none-match': etag }))?.status).toBe(304);
  });

  it('serves the protobuf that kubectl asks for', async () => {
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const reply = await ask('/openapi/v2', { accept });
    expect(reply?.contentType).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    expect(reply?.body[0]).toBe(0x0a);
    await expect(async () => ask('/openapi/v2', { accept: 'text/html' })).rejects.toBeInstanceOf(StatusError);
  });

  it('serves v3 documents for good under their hash and sends old hashes on', async () => {
    const index = json(await ask('/openapi/v3'))['paths'] as Record<string, { serverRelativeURL: string }>;
    const url = index['apis/batch/v1']?.serverRelativeURL ?? '';
    const reply = await ask(url);
    expect(reply?.headers?.['Cache-Control']).toBe('public, immutable');
    expect(Object.keys(json(reply)['paths'] as object)).toContain('/apis/batch/v1/namespaces/{namespace}/jobs/{name}');
    const accept = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf';
    const protobuf = await ask(url, { accept });
    expect(protobuf?.contentType).toBe('application/com.github.proto-openapi.spec.v3.v1.0+protobuf');
    // Document begins with field 1, the version of OpenAPI.
    expect(
      Buffer.from(protobuf?.body ?? '')
        .subarray(0, 7)
        .toString(),
    ).toBe('\n\u00053.0.0');
    const moved = await ask('/openapi/v3/apis/batch/v1?hash=OLD');
    expect([moved?.status, moved?.headers?.['Location']]).toEqual([301, url]);
    expect(await ask('/openapi/v3/apis/nope/v1')).toBeUndefined();
  });
});
