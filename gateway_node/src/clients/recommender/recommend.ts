// How a recommendation is asked for: the cache, one call for equal questions, a batch, a wait for an offset, and what was last known.
import { randomUUID } from 'node:crypto'
import { AppError, toReason } from '../../errors.ts'
import type { BatchRecommendResponse } from '../../gen/whynotboth/v1/recommender.ts'
import type { AnswerCache } from './answer-cache.ts'
import { type Breaker, isSilence } from './breaker.ts'
import { type Catalogue, createCatalogues, renderItems } from './catalogue.ts'
import { callUnary, type RecommenderChannel } from './channel.ts'
import { createCoalescer } from './coalescer.ts'
import type { LastKnown } from './last-known.ts'
import { present, toRecommendations, toSource } from './messages.ts'
import type { Call, Recommendations, RecommendRequest } from './recommender.ts'
import { createSingleFlight } from './single-flight.ts'
import type { VersionWatch } from './version-watch.ts'

/** `callers`: all who wait for the answer, and the first one's call is the one that is made. */
type Question = { request: RecommendRequest; callers: Call[] }
type Parts = {
  client: RecommenderChannel['recommender']
  breaker: Breaker
  cache: AnswerCache
  lastKnown: LastKnown
  versions: VersionWatch
}

/** As many popular items as any caller may ask for. */
const popularLimit = 100

export function createRecommend({ client, breaker, cache, lastKnown, versions }: Parts) {
  const catalogues = createCatalogues()
  const flights = createSingleFlight<Call, Recommendations>()
  const askInBatch = createCoalescer(askBatch, isAbandoned)
  cache.onChange(flights.forget)

  async function askBatch(questions: Question[], expiresAt: number) {
    const askedAt = performance.now()
    const requests = questions.map(({ request }) => request)
    const { requestId, traceparent } = present(questions[0]?.callers[0], 'a caller')
    const call = { requestId, traceparent, expiresAt }
    const message = { requests, knownCatalogueIds: catalogues.knownIds }
    const batch = await breaker.run(() => callUnary(client.batchRecommend.bind(client), message, call))
    const timings = { recommenderMs: performance.now() - askedAt, scoringMs: batch.scoringMs }
    const catalogue = catalogues.of(batch)
    return requests.map(async ({ userId }, index) =>
      take({ userId, ...toAnswer(batch, index, catalogue), timings }, askedAt),
    )
  }

  function take(answer: Recommendations, askedAt: number): Recommendations {
    versions.note(answer.modelVersion, askedAt)
    lastKnown.remember(answer)
    return answer
  }

  async function ask(request: RecommendRequest, callers: Call[]): Promise<Recommendations> {
    const call = present(callers[0], 'a caller')
    try {
      return await askInBatch({ request, callers }, call.expiresAt)
    } catch (error) {
      if (!(error instanceof AppError && error.reason === 'OFFSET_NOT_REACHED')) throw error
      return waitForOffset(request, call, error)
    }
  }

  /** Asks alone, so that the wait holds nobody else. Outside the breaker: an offset that doesn't come isn't a silent recommender. */
  async function waitForOffset(request: RecommendRequest, call: Call, notReached: AppError) {
    const askedAt = performance.now()
    const response = await callUnary(client.recommend.bind(client), request, call).catch((error) => {
      throw error.reason === 'DEADLINE_EXCEEDED' ? notReached : error
    })
    const timings = { recommenderMs: performance.now() - askedAt }
    return take({ ...toRecommendations(response), timings }, askedAt)
  }

  async function recommend(request: RecommendRequest, call: Call): Promise<Recommendations> {
    const cached = cache.get(request)
    if (cached) return cached
    const { userId, limit, minInteractionOffset } = request
    try {
      const answer = await flights.run(userId, `${limit}/${minInteractionOffset}`, call, (callers) =>
        ask(request, callers),
      )
      cache.set(limit, answer)
      return answer
    } catch (error) {
      const known = isSilence(error) ? lastKnown.find(request) : undefined
      if (!known) throw error
      return known
    }
  }

  /** Asks for the popular items, which everybody may get when nobody can be asked; and so learns which version is live. */
  async function refreshPopular(call: Call): Promise<void> {
    await ask({ userId: randomUUID(), limit: popularLimit }, [call])
  }

  return { recommend, refreshPopular }
}

function isAbandoned({ callers }: Question): boolean {
  return callers.every((call) => call.isAbandoned?.() ?? false)
}

function toAnswer(batch: BatchRecommendResponse, index: number, catalogue: Catalogue) {
  const { modelVersion, asOfOffset = null } = batch
  const { $case, ...rest } = present(batch.results[index]?.outcome, 'an outcome')
  if ('error' in rest) throw new AppError(toReason(rest.error.reason), rest.error.detail, { retryAfterSeconds: 1 })
  const items = renderItems(catalogue, rest.ranked)
  return { modelVersion, source: toSource(rest.ranked.source), degraded: false, items, asOfOffset }
}
