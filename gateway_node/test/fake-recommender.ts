// A recommender in memory. The shared suite checks that it behaves like the gRPC client.
import { Readable } from 'node:stream'
import type {
  Answers,
  DeadLetter,
  Item,
  Model,
  Recommendations,
  RecommendedItem,
  Recommender,
  RecommendRequest,
} from '../src/clients/recommender/recommender.ts'
import { AppError, type Reason } from '../src/errors.ts'
import { decision, questionnaire } from './features/decisions/decision.ts'

const items: Item[] = Array.from({ length: 20 }, (_, index) => ({
  itemId: String(index + 1),
  title: `Film ${index + 1}`,
  year: index === 0 ? null : 1980 + index,
  genres: index % 2 === 0 ? ['Comedy'] : ['Drama'],
}))

/** Its catalogue is the films 1 to 20. User `1` has rated film 1; other users are unknown. */
export class FakeRecommender implements Recommender {
  items = items
  readonly histories = new Map<string, string[]>([['1', ['1']]])
  readonly results = new Map<string, { name: string; mediaType: string; chunks: Uint8Array[] }>()
  readonly deadLetters = new Map<string, DeadLetter & { body: Buffer }>()
  /** Each call, oldest first. */
  readonly calls: { method: string; request: unknown }[] = []
  modelVersion = '20260101T000000Z-00000001'
  asOfOffset: number | null = null
  /** It keeps no answers. */
  readonly followers = []
  #failure: Reason | null = null
  readonly #versionListeners = new Set<(version: string) => void>()

  /** Fail every call with this reason from now on; null ends that. */
  fail(reason: Reason | null) {
    this.#failure = reason
  }

  switchModel(version: string) {
    this.modelVersion = version
    for (const listener of this.#versionListeners) listener(version)
  }

  #enter(method: string, request: unknown) {
    this.calls.push({ method, request })
    if (this.#failure) throw new AppError(this.#failure, `The fake fails ${method}.`, { retryAfterSeconds: 1 })
  }

  async recommend(request: RecommendRequest): Promise<Recommendations> {
    this.#enter('recommend', request)
    const history = this.histories.get(request.userId)
    return {
      userId: request.userId,
      modelVersion: this.modelVersion,
      source: history ? 'model' : 'fallback',
      degraded: false,
      items: this.#rank(history ?? [])
        .slice(0, request.limit)
        .map((item) => JSON.stringify(item)),
      asOfOffset: request.minInteractionOffset ?? this.asOfOffset,
      timings: { recommenderMs: 1, scoringMs: 0.5 },
    }
  }

  #rank(history: string[]): RecommendedItem[] {
    const why = this.items.filter((item) => history.includes(item.itemId)).slice(0, 2)
    return this.items
      .filter((item) => !history.includes(item.itemId))
      .map((item, index) => ({
        ...item,
        score: 1 / (index + 1),
        why: why.map(({ itemId, title }) => ({ itemId, title })),
      }))
  }

  async getItem(itemId: string) {
    this.#enter('getItem', itemId)
    const item = this.items.find((candidate) => candidate.itemId === itemId)
    if (!item) throw new AppError('ITEM_UNKNOWN', `No item ${itemId}.`)
    return item
  }

  async listSimilarItems(request: { itemId: string; limit: number }) {
    await this.getItem(request.itemId)
    const others = this.items.filter((item) => item.itemId !== request.itemId)
    return { items: others.slice(0, request.limit).map((item, index) => ({ ...item, score: 1 / (index + 1) })) }
  }

  async listItems(request: { query: string; genre: string; pageSize: number; pageToken: string }) {
    this.#enter('listItems', request)
    const found = this.items.filter((item) => item.title.includes(request.query))
    return { items: found.slice(0, request.pageSize) }
  }

  async listGenres() {
    this.#enter('listGenres', undefined)
    return [...new Set(this.items.flatMap(({ genres }) => genres))].sort()
  }

  async listUsers(request: { query: string; pageSize: number; pageToken: string }) {
    this.#enter('listUsers', request)
    return { users: [...this.histories].map(([userId, seen]) => ({ userId, interactionCount: seen.length })) }
  }

  async getUser(userId: string) {
    this.#enter('getUser', userId)
    const history = this.histories.get(userId)
    if (!history) throw new AppError('USER_UNKNOWN', `No user ${userId}.`)
    return { userId, interactionCount: history.length }
  }

  async listInteractions(request: { userId: string; pageSize: number; pageToken: string }) {
    this.#enter('listInteractions', request)
    const { userId } = request
    const interactions = (this.histories.get(userId) ?? []).map((itemId) => ({
      interactionId: `${userId}-${itemId}`,
      itemId,
      title: `Film ${itemId}`,
      rating: 4,
      occurredAt: null,
    }))
    return { interactions, asOfOffset: this.asOfOffset }
  }

  async getModel(version: string): Promise<Model> {
    this.#enter('getModel', version)
    if (version !== '' && version !== this.modelVersion)
      throw new AppError('MODEL_VERSION_UNKNOWN', `No version ${version}.`)
    const metrics = { ndcg_at_10: 0.48 }
    const createdAt = '2026-01-01T00:00:00.000Z'
    const about = { estimator: 'ease', params: {}, metrics, createdAt, live: true, stale: true, unknownItems: 3 }
    return { version: this.modelVersion, ...about }
  }

  async listModels() {
    return { models: [await this.getModel('')] }
  }

  async promoteModel(version: string) {
    return this.getModel(version)
  }

  async readResult(jobId: string) {
    this.#enter('readResult', jobId)
    const result = this.results.get(jobId)
    if (!result) throw new AppError('JOB_RESULT_MISSING', `Job ${jobId} left no file.`)
    const { name, mediaType, chunks } = result
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    return { header: { name, mediaType, sizeBytes }, body: Readable.from(chunks) }
  }

  async listDeadLetters({ pageSize }: { pageSize: number; pageToken: string }) {
    this.#enter('listDeadLetters', pageSize)
    return { deadLetters: [...this.deadLetters.values()].slice(0, pageSize).map(({ body, ...letter }) => letter) }
  }

  async getDeadLetter(deadLetterId: string) {
    this.#enter('getDeadLetter', deadLetterId)
    const letter = this.deadLetters.get(deadLetterId)
    if (!letter) throw new AppError('DEAD_LETTER_UNKNOWN', `There is no dead letter ${deadLetterId}.`)
    return letter
  }

  /** As of a job that has failed. */
  async replayDeadLetter(deadLetterId: string) {
    const { jobId } = await this.getDeadLetter(deadLetterId)
    if (jobId === null) throw new AppError('MESSAGE_UNDECODABLE', 'What is no job has no other run.')
    return { deadLetter: await this.dropDeadLetter(deadLetterId), queued: true }
  }

  async dropDeadLetter(deadLetterId: string): Promise<DeadLetter> {
    const { body, ...letter } = await this.getDeadLetter(deadLetterId)
    this.deadLetters.delete(deadLetterId)
    return letter
  }

  async getQuestionnaire() {
    this.#enter('getQuestionnaire', undefined)
    return questionnaire
  }

  async decide(answers: Answers) {
    this.#enter('decide', answers)
    if (Object.keys(answers).length === 0) throw new AppError('REQUEST_INVALID', 'There is no answer.')
    return decision
  }

  onModelVersion(listener: (version: string) => void) {
    this.#versionListeners.add(listener)
    return () => this.#versionListeners.delete(listener)
  }

  state() {
    return { channel: this.#failure ? 'TRANSIENT_FAILURE' : 'READY', breaker: 'closed' as const }
  }

  async close() {}
}
