import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, type E2eCluster, has, startCluster, TOKEN } from './cluster.js';

const CHROMIUM = '/usr/bin/chromium';
const browserThere = has(CHROMIUM);
if (!browserThere) console.log('chromium is not here: the test of /swagger-ui in a browser is skipped');

describe('/swagger-ui', () => {
  let cluster: E2eCluster;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 1, flags: ['--enable-swagger-ui'] });
  }, 180_000);
  afterAll(async () => {
    await cluster?.down();
  });

  it('is served only to who is authorized, and nothing else below it exists', async () => {
    expect((await call(`${cluster.url(1)}/swagger-ui/`)).body).toContain('swagger-ui-bundle.js');
    expect((await call(`${cluster.url(1)}/swagger-ui/nope.js`)).status).toBe(404);
    expect((await call(`${cluster.url(1)}/swagger-ui/`, { token: '' })).status).toBe(403);
  });

  it.skipIf(!browserThere)(
    'shows the groups of the API in a browser',
    async () => {
      const browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
      });
      try {
        const context = await browser.newContext({
          ignoreHTTPSErrors: true,
          extraHTTPHeaders: { authorization: `Bearer ${TOKEN}` },
        });
        const page = await context.newPage();
        await page.goto(`${cluster.url(1)}/swagger-ui`);
        await page.getByText('apps_v1', { exact: true }).first().waitFor({ timeout: 60_000 });
        expect(await page.locator('.info .title').textContent()).toContain('Kubernetes');
        await page.getByText('version', { exact: true }).first().click();
        await page.locator('[data-path="/version/"]').first().waitFor();
      } finally {
        await browser.close();
      }
    },
    120_000,
  );
});
