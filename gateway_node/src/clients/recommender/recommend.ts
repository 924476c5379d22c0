// The path of a request for recommendations: the answer cache, single flight, a batch (or a wait for an offset), and the last-known answer.
import { randomUUID } from 'node:crypto'
import { AppError, toReason } from '../../errors.ts'
import type { BatchRecommendResponse } from '../../gen/whynotboth/v1/recommender.ts'
import type { AnswerCache } from './answer-cache.ts'
import { type Breaker, isUnanswered } from './breaker.ts'
import { type Catalogue, createCatalogues, renderItems } from './catalogue.ts'
import { callUnary, type RecommenderChannel } from './channel.ts'
import { createCoalescer } from './coalescer.ts'
import type { LastKnown } from './last-known.ts'
import { requireValue, toRecommendations, toSource } from './messages.ts'
import type { Call, Recommendations, RecommendRequest } from './recommender.ts'
import { createSingleFlight } from './single-flight.ts'
import type { VersionWatch } from './version-watch.ts'

/** A request and the calls that wait for its answer. The batch carries the ids of the first one. */
type SharedRequest = { request: RecommendRequest; callers: Call[] }
type Parts = {
  client: RecommenderChannel['recommender']
  breaker: Breaker
  cache: AnswerCache
  lastKnown: LastKnown
  versions: VersionWatch
}

/** The largest limit of a request. */
const popularLimit = 100

export function createRecommend({ client, breaker, cache, lastKnown, versions }: Parts) {
  const catalogues = createCatalogues()
  const flights = createSingleFlight<Call, Recommendations>()
  const callInBatch = createCoalescer(callBatch, isAbandoned)
  cache.onChange(flights.forget)

  async function callBatch(shared: SharedRequest[], expiresAt: number) {
    const startedAt = performance.now()
    const requests = shared.map(({ request }) => request)
    const { requestId, traceparent } = requireValue(shared[0]?.callers[0], 'a caller')
    const call = { requestId, traceparent, expiresAt }
    const message = { requests, knownCatalogueIds: catalogues.knownIds }
    const batch = await breaker.run(() => callUnary(client.batchRecommend.bind(client), message, call))
    const timings = { recommenderMs: performance.now() - startedAt, scoringMs: batch.scoringMs }
    const catalogue = catalogues.of(batch)
    return requests.map(async ({ userId }, index) =>
      take({ userId, ...toAnswer(batch, index, catalogue), timings }, startedAt),
    )
  }

  function take(answer: Recommendations, startedAt: number): Recommendations {
    versions.note(answer.modelVersion, startedAt)
    lastKnown.remember(answer)
    return answer
  }

  async function fetchAnswer(request: RecommendRequest, callers: Call[]): Promise<Recommendations> {
    const call = requireValue(callers[0], 'a caller')
    try {
      return await callInBatch({ request, callers }, call.expiresAt)
    } catch (error) {
      if (!(error instanceof AppError && error.reason === 'OFFSET_NOT_REACHED')) throw error
      return waitForOffset(request, call, error)
    }
  }

  /**
   * Call the recommender outside of a batch, so that the wait delays no other request. The breaker doesn't count this call: a recommender that waits for an
   * offset isn't down.
   */
  async function waitForOffset(request: RecommendRequest, call: Call, notReached: AppError) {
    const startedAt = performance.now()
    const response = await callUnary(client.recommend.bind(client), request, call).catch((error) => {
      throw error.reason === 'DEADLINE_EXCEEDED' ? notReached : error
    })
    const timings = { recommenderMs: performance.now() - startedAt }
    return take({ ...toRecommendations(response), timings }, startedAt)
  }

  async function recommend(request: RecommendRequest, call: Call): Promise<Recommendations> {
    const cached = cache.get(request)
    if (cached) return cached
    const { userId, limit, minInteractionOffset } = request
    try {
      const answer = await flights.run(userId, `${limit}/${minInteractionOffset}`, call, (callers) =>
        fetchAnswer(request, callers),
      )
      cache.set(limit, answer)
      return answer
    } catch (error) {
      const known = isUnanswered(error) ? lastKnown.find(request) : undefined
      if (!known) throw error
      return known
    }
  }

  /** Fetch the popular items, the fallback for every user, by the request of an unknown user. The answer also shows which version is live. */
  async function refreshPopular(call: Call): Promise<void> {
    await fetchAnswer({ userId: randomUUID(), limit: popularLimit }, [call])
  }

  return { recommend, refreshPopular }
}

function isAbandoned({ callers }: SharedRequest): boolean {
  return callers.every((call) => call.isAbandoned?.() ?? false)
}

function toAnswer(batch: BatchRecommendResponse, index: number, catalogue: Catalogue) {
  const { modelVersion, asOfOffset = null } = batch
  const { $case, ...rest } = requireValue(batch.results[index]?.outcome, 'an outcome')
  if ('error' in rest) throw new AppError(toReason(rest.error.reason), rest.error.detail)
  const items = renderItems(catalogue, rest.ranked)
  return { modelVersion, source: toSource(rest.ranked.source), degraded: false, items, asOfOffset }
}
