// The probes. /healthz asks no other service. /readyz says whether the gateway has started and isn't about to stop: much works without broker or recommender.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../errors.ts'

/** How long a start waits for recommender and broker, so that the first requests find them. */
const startWaitMs = 3000

const probe = { schema: { hide: true }, config: { access: ['anyone'], isProbe: true } } as const

export const healthPlugin = fp(
  async (app) => {
    let readyAt = Number.POSITIVE_INFINITY
    app.addHook('onReady', async () => {
      readyAt = performance.now() + startWaitMs
    })
    const hasStarted = () => performance.now() >= readyAt || (readyAt < Number.POSITIVE_INFINITY && hasClients(app))
    const isReady = () => hasStarted() && !app.isDraining

    app.get('/healthz', probe, async () => ({ status: 'alive' }))
    app.get('/readyz', probe, async () => {
      if (!isReady())
        throw new AppError('SHUTTING_DOWN', 'The gateway is starting or about to stop. Ask another replica.')
      return {
        status: 'ready',
        recommender: app.recommender.state(),
        broker: { connected: app.broker.isConnected },
        readers: {
          interactions: { attached: app.interactionsLog.isAttached, offset: app.interactionsLog.lastOffset },
          jobs: { attached: app.jobsLog.isAttached, offset: app.jobsLog.lastOffset },
        },
      }
    })
  },
  { name: 'health', dependencies: ['drain', 'broker', 'recommender'] },
)

function hasClients({ recommender, interactionsLog, jobsLog }: FastifyInstance): boolean {
  return recommender.state().channel === 'READY' && interactionsLog.isCaughtUp && jobsLog.isCaughtUp
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a probe: no limit counts its requests. */
    isProbe?: boolean
  }
}
