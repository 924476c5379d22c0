// Builds an app with fake clients. It is closed when its test ends.
import type { TestContext } from 'node:test'
import { buildApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { FakeBroker, FakeRecommender } from './fakes.ts'
import { GatewayClient } from './gateway-client.ts'
import { demo } from './sign-in.ts'

/** `environment` holds settings as in `.env.example`. */
export async function buildTestApp(t: TestContext, environment: Record<string, string> = {}) {
  const broker = new FakeBroker()
  const recommender = new FakeRecommender()
  const config = readConfig({ ...demo, LOG_LEVEL: 'error', GATEWAY_PORT: '0', ...environment })
  const app = await buildApp(config, { broker, recommender })
  t.after(() => app.close())
  await app.ready()
  return { app, broker, recommender, gateway: new GatewayClient(app) }
}
