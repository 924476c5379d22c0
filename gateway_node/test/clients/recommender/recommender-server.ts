// A gRPC server that answers as the fake recommender does, so that the client is tested over a real connection.
import { EventEmitter, once } from 'node:events'
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { AppError } from '../../../src/errors.ts'
import { DecisionServiceService } from '../../../src/gen/whynotboth/v1/decisions.ts'
import { ErrorReason } from '../../../src/gen/whynotboth/v1/errors.ts'
import {
  JobServiceService,
  type ReadResultRequest,
  type ReadResultResponse,
} from '../../../src/gen/whynotboth/v1/jobs.ts'
import {
  type BatchRecommendRequest,
  type BatchRecommendResult,
  ModelServiceService,
  RecommenderServiceService,
  type RecommendRequest,
  type RecommendResponse,
} from '../../../src/gen/whynotboth/v1/recommender.ts'
import { FakeRecommender } from '../../fakes.ts'
import {
  toRankedItems,
  toServiceError,
  toWireDeadLetter,
  toWireItem,
  toWireModel,
  toWireRecommendedItem,
  toWireSource,
} from './wire-messages.ts'

export class RecommenderServer {
  readonly fake = new FakeRecommender()
  /** The requests of each batch. */
  readonly batches: RecommendRequest[][] = []
  /** The id of the catalogue of its answers, and how many answers contained it. */
  catalogueId = 'films'
  cataloguesSent = 0
  /** Metadata of the last call. */
  lastMetadata: Record<string, unknown> = {}
  /** The deadline of the last call, on the clock of `Date.now()`. */
  lastDeadline = Number.NaN
  port = 0
  #server = new Server()
  #gate: Promise<void> = Promise.resolve()
  readonly #progress = new EventEmitter()

  async start(port = 0, host = '127.0.0.1') {
    this.#server = new Server()
    this.#server.addService(RecommenderServiceService, this.#recommenderService())
    this.#server.addService(ModelServiceService, this.#modelService())
    this.#server.addService(JobServiceService, this.#jobService())
    this.#server.addService(DecisionServiceService, this.#decisionService())
    this.port = await new Promise<number>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure()
      this.#server.bindAsync(`${host}:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)))
    })
  }

  stop() {
    this.#server.forceShutdown()
  }

  /** Stop as a recommender does: refuse new calls, and resolve when the calls in flight have ended. */
  drain() {
    return new Promise<void>((resolve, reject) => {
      this.#server.tryShutdown((error) => (error ? reject(error) : resolve()))
    })
  }

  /** Hold every answer back until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gate = promise
    return resolve
  }

  /** Use another catalogue from now on. */
  renameItems(name: string) {
    this.catalogueId = name
    this.fake.items = this.fake.items.map((item) => ({ ...item, title: `${name} ${item.itemId}` })).reverse()
  }

  /** Claim to have read the log up to an offset. */
  reach(offset: number) {
    this.fake.asOfOffset = offset
    this.#progress.emit('reached')
  }

  #answer<Request, Response>(answer: (request: Request) => Promise<Response>): handleUnaryCall<Request, Response> {
    return (call, respond: sendUnaryData<Response>) => {
      this.lastMetadata = call.metadata.getMap()
      this.lastDeadline = Number(call.getDeadline())
      this.#gate
        .then(() => answer(call.request))
        .then((response) => respond(null, response))
        .catch((error) => respond(toServiceError(error)))
    }
  }

  #recommenderService() {
    const { fake } = this
    return {
      batchRecommend: this.#answer(async ({ requests, knownCatalogueIds }: BatchRecommendRequest) => {
        this.batches.push(requests)
        const results = await Promise.all(requests.map((request) => this.#outcome(request)))
        const { modelVersion, asOfOffset } = fake
        const { catalogueId } = this
        const catalogue = knownCatalogueIds.includes(catalogueId) ? [] : fake.items.map(toWireItem)
        if (catalogue.length > 0) this.cataloguesSent += 1
        return { results, scoringMs: 0.5, modelVersion, catalogueId, catalogue, asOfOffset: asOfOffset ?? undefined }
      }),
      recommend: this.#answer(async (request: RecommendRequest) => {
        while (this.#isBehind(request)) await once(this.#progress, 'reached')
        return this.#recommend(request)
      }),
      getItem: this.#answer(async ({ itemId }: { itemId: string }) => ({
        item: toWireItem(await fake.getItem(itemId)),
      })),
      listItems: this.#answer(async (request: Parameters<typeof fake.listItems>[0]) => {
        const { items } = await fake.listItems(request)
        return { items: items.map(toWireItem), nextPageToken: '' }
      }),
      listGenres: this.#answer(async () => ({ genres: await fake.listGenres() })),
      listSimilarItems: this.#answer(async (request: { itemId: string; limit: number }) => {
        const { items } = await fake.listSimilarItems(request)
        const scored = items.map(({ score, ...item }) => ({ item: toWireItem(item), score }))
        return { items: scored, modelVersion: fake.modelVersion }
      }),
      listUsers: this.#answer(async (request: Parameters<typeof fake.listUsers>[0]) => ({
        ...(await fake.listUsers(request)),
        nextPageToken: 'more',
      })),
      getUser: this.#answer(async ({ userId }: { userId: string }) => ({ user: await fake.getUser(userId) })),
      listInteractions: this.#answer(async (request: Parameters<typeof fake.listInteractions>[0]) => {
        const { interactions } = await fake.listInteractions(request)
        const wire = interactions.map(({ interactionId, itemId, title, rating }) => ({
          interactionId,
          item: toWireItem({ itemId, title, year: null, genres: [] }),
          rating,
          occurredAt: undefined,
        }))
        return { interactions: wire, nextPageToken: '', asOfOffset: fake.asOfOffset ?? undefined }
      }),
    }
  }

  #modelService() {
    const { fake } = this
    return {
      getModel: this.#answer(async ({ version }: { version: string }) => ({
        model: toWireModel(await fake.getModel(version)),
      })),
      listModels: this.#answer(async () => {
        const { models } = await fake.listModels()
        return { models: models.map(toWireModel), nextPageToken: '' }
      }),
      promoteModel: this.#answer(async ({ version }: { version: string }) => ({
        model: toWireModel(await fake.promoteModel(version)),
      })),
    }
  }

  #jobService() {
    const { fake } = this
    return {
      readResult: this.#readResult.bind(this),
      listDeadLetters: this.#answer(async (request: Parameters<typeof fake.listDeadLetters>[0]) => {
        const { deadLetters } = await fake.listDeadLetters(request)
        return { deadLetters: deadLetters.map(toWireDeadLetter), nextPageToken: '' }
      }),
      getDeadLetter: this.#answer(async ({ deadLetterId }: { deadLetterId: string }) => {
        const { body, ...letter } = await fake.getDeadLetter(deadLetterId)
        return { deadLetter: toWireDeadLetter(letter), body }
      }),
      replayDeadLetter: this.#answer(async ({ deadLetterId }: { deadLetterId: string }) => {
        const { deadLetter, queued } = await fake.replayDeadLetter(deadLetterId)
        return { deadLetter: toWireDeadLetter(deadLetter), queued }
      }),
      dropDeadLetter: this.#answer(async ({ deadLetterId }: { deadLetterId: string }) => ({
        deadLetter: toWireDeadLetter(await fake.dropDeadLetter(deadLetterId)),
      })),
    }
  }

  #decisionService() {
    const { fake } = this
    return {
      getQuestionnaire: this.#answer(() => fake.getQuestionnaire()),
      decide: this.#answer(async ({ answers }: { answers: Record<string, string> }) => {
        const { smallestChange, ...decision } = await fake.decide(answers)
        return { ...decision, smallestChange: smallestChange ?? undefined }
      }),
    }
  }

  #isBehind({ minInteractionOffset = -1 }: RecommendRequest) {
    return minInteractionOffset > (this.fake.asOfOffset ?? -1)
  }

  async #outcome(request: RecommendRequest): Promise<BatchRecommendResult> {
    try {
      if (this.#isBehind(request)) throw new AppError('OFFSET_NOT_REACHED', 'The log is not read that far.')
      return {
        outcome: { $case: 'ranked', ranked: toRankedItems(await this.fake.recommend(request), this.fake.items) },
      }
    } catch (error) {
      const { reason, message } = error as AppError
      return { outcome: { $case: 'error', error: { reason: ErrorReason[reason], detail: message } } }
    }
  }

  async #recommend({ userId, limit }: RecommendRequest): Promise<RecommendResponse> {
    const { modelVersion, source, items, asOfOffset } = await this.fake.recommend({ userId, limit })
    return {
      userId,
      modelVersion,
      source: toWireSource(source),
      items: items.map(toWireRecommendedItem),
      asOfOffset: asOfOffset ?? undefined,
    }
  }

  async #readResult(stream: ServerWritableStream<ReadResultRequest, ReadResultResponse>) {
    try {
      const { header, body } = await this.fake.readResult(stream.request.jobId)
      stream.write({ part: { $case: 'header', header } })
      for await (const chunk of body) stream.write({ part: { $case: 'chunk', chunk: Buffer.from(chunk) } })
      stream.end()
    } catch (error) {
      stream.emit('error', toServiceError(error))
    }
  }
}
