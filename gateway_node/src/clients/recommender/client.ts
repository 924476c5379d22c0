// The client of the recommender: gRPC calls behind the circuit breaker, with coalescing, the answer cache and last-known answers.
import { setTimeout } from 'node:timers/promises'
import { connectivityState } from '@grpc/grpc-js'
import type { BaseLogger } from 'pino'
import type { Config } from '../../config.ts'
import { ModelPromoted } from '../../gen/whynotboth/v1/recommender.ts'
import type { Broker, LogReader } from '../broker/broker.ts'
import { shield } from '../listeners.ts'
import { createAnswerCache } from './answer-cache.ts'
import { createBreaker } from './breaker.ts'
import { callUnary, type Observe, openChannel } from './channel.ts'
import { createLastKnown } from './last-known.ts'
import {
  type CallMethod,
  createDeadLetterLookups,
  createDecisionLookups,
  createLookups,
  createModelLookups,
} from './lookups.ts'
import { createRecommend } from './recommend.ts'
import type { Call, Recommender } from './recommender.ts'
import { readResult } from './result-file.ts'
import { createVersionWatch } from './version-watch.ts'

type Surroundings = {
  log: Pick<LogReader, 'isAttached'>
  onHint: Broker['onHint']
  newCall: () => Call
  observe: Observe
  logger: Pick<BaseLogger, 'info' | 'warn' | 'error'>
}

/** The delays between the requests that look for the version of a hint. The recommender needs a moment to load it. */
const followDelaysMs = [0, 250, 500, 1000, 2000, 4000]
const warmUpRetryMs = 1000

type RecommenderConfig = Pick<Config, 'recommenderAddress'> & Partial<Pick<Config, 'tlsDir'>>

export function createRecommender(config: RecommenderConfig, surroundings: Surroundings): Recommender {
  const { log, onHint, newCall, observe, logger } = surroundings
  const measure = shield(observe, (error) => logger.error({ err: error }, 'gRPC call not measured'))
  const { channel, recommender, models, decisions, jobs } = openChannel(
    config.recommenderAddress,
    measure,
    config.tlsDir,
  )
  const breaker = createBreaker()
  const versions = createVersionWatch((error) => logger.error({ err: error }, 'version switch not handled'))
  const cache = createAnswerCache(log, () => versions.current)
  const lastKnown = createLastKnown()
  const { recommend, refreshPopular } = createRecommend({ client: recommender, breaker, cache, lastKnown, versions })
  const lifetime = new AbortController()

  const callMethod: CallMethod = (method, request, call) => breaker.run(() => callUnary(method, request, call))

  /** Fetch the popular items until that succeeds: they are the fallback for users without a last-known answer. */
  async function warmUp() {
    while (!lifetime.signal.aborted) {
      try {
        return await refreshPopular(newCall())
      } catch (error) {
        logger.warn({ err: error }, 'popular items not fetched')
      }
      await setTimeout(warmUpRetryMs, undefined, { signal: lifetime.signal, ref: false }).catch(() => undefined)
    }
  }

  async function follow(version: string) {
    for (const delayMs of followDelaysMs) {
      await setTimeout(delayMs, undefined, { signal: lifetime.signal, ref: false })
      await refreshPopular(newCall())
      if (versions.current === version) return
    }
  }

  const stopListening = onHint((body) => {
    follow(ModelPromoted.decode(body).version).catch((error) => {
      if (!lifetime.signal.aborted) logger.warn({ err: error }, 'promoted version not seen')
    })
  })
  versions.onSwitch((modelVersion, previous) => {
    logger.info({ modelVersion, previous }, 'model version switched')
    if (previous !== null) void warmUp()
  })
  recommender.waitForReady(Number.POSITIVE_INFINITY, (closed) => {
    if (!closed) void warmUp()
  })

  return {
    followers: [cache.follower, lastKnown.follower],
    recommend,
    ...createLookups(recommender, callMethod),
    ...createModelLookups(models, callMethod, versions),
    ...createDecisionLookups(decisions, callMethod),
    // Without the breaker: these calls wait for the broker, so their failures say nothing about the recommender.
    ...createDeadLetterLookups(jobs, callUnary),
    readResult: (jobId, call) => readResult(jobs, jobId, call),
    onModelVersion: versions.onSwitch,
    state: () => ({ channel: connectivityState[channel.getConnectivityState(false)], breaker: breaker.state }),
    close: async () => {
      lifetime.abort()
      stopListening()
      channel.close()
    },
  }
}
