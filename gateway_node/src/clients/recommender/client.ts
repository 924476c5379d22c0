// The client of the recommender: gRPC calls behind the circuit breaker, with coalescing, the answer cache and last-known answers.
import { connectivityState } from '@grpc/grpc-js'
import type { BaseLogger } from 'pino'
import type { Config } from '../../config.ts'
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
import { createVersionWatch, followVersions } from './version-watch.ts'

type Surroundings = {
  log: Pick<LogReader, 'isAttached'>
  onHint: Broker['onHint']
  newCall: () => Call
  observe: Observe
  logger: Pick<BaseLogger, 'info' | 'warn' | 'error'>
}

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
  const callMethod: CallMethod = (method, request, call) => breaker.run(() => callUnary(method, request, call))

  const following = followVersions({ versions, fetchPopular: () => refreshPopular(newCall()), onHint, logger })
  recommender.waitForReady(Number.POSITIVE_INFINITY, (closed) => {
    if (!closed) void following.warmUp()
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
      following.stop()
      channel.close()
    },
  }
}
