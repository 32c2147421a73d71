import { expect, test } from 'vitest';
import type { ApiRequest } from '../rest/types.js';
import { createSwaggerUi } from './swagger-ui.js';

const page = createSwaggerUi();
const ask = (path: string) => page({ path } as unknown as ApiRequest);

test('The page is found below its slash, and loads nothing from elsewhere', () => {
  expect(ask('/swagger-ui')).toEqual({
    status: 301,
    contentType: 'text/html; charset=utf-8',
    headers: { Location: '/swagger-ui/' },
    body: '',
  });
  const html = ask('/swagger-ui/');
  expect(html).toMatchObject({
    status: 200,
    contentType: 'text/html; charset=utf-8',
    headers: {
      'Content-Security-Policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    },
  });
  const needed = [...String(html?.body).matchAll(/(?:src|href)="([^"]*)"/g)].map(([, file]) => file ?? '');
  expect(needed.toSorted()).toEqual(['favicon-32x32.png', 'start.js', 'swagger-ui-bundle.js', 'swagger-ui.css']);
  const types = needed.map((file) => ask(`/swagger-ui/${file}`)?.contentType ?? '');
  expect(types.toSorted()).toEqual([
    'application/javascript; charset=utf-8',
    'application/javascript; charset=utf-8',
    'image/png',
    'text/css; charset=utf-8',
  ]);
  expect(String(ask('/swagger-ui/start.js')?.body)).toContain("url: '/openapi/v2', dom_id: '#swagger-ui'");
  expect(String(html?.body)).toContain('<div id="swagger-ui">');
});

test('There is nothing else', () => {
  for (const path of ['/swagger-ui/package.json', '/swagger-ui/../x', '/swagger-uis', '/']) {
    expect(ask(path), path).toBeUndefined();
  }
});
