// The recommender as the rest of the gateway sees it. Types only: the gRPC client and the fake of the tests implement them.
import type { Readable } from 'node:stream'
import type { Reason } from '../../errors.ts'
import type * as decisions from '../../gen/whynotboth/v1/decisions.ts'
import type { JobFile } from '../../gen/whynotboth/v1/jobs.ts'
import type { LogHandlers } from '../broker/broker.ts'

/** The context of a call. `expiresAt` is its deadline on the clock of `performance.now()`; `isAbandoned` says that its caller has left. */
export type Call = { expiresAt: number; requestId: string; traceparent: string; isAbandoned?: () => boolean }

export type Item = { itemId: string; title: string; year: number | null; genres: string[] }
export type ScoredItem = Item & { score: number }
export type RecommendedItem = ScoredItem & { why: { itemId: string; title: string }[] }

/** The JSON of a RecommendedItem: see catalogue.ts. */
export type RenderedItem = string

export type RecommendRequest = { userId: string; limit: number; minInteractionOffset?: number }

export type Recommendations = {
  userId: string
  modelVersion: string
  source: 'model' | 'cache' | 'fallback'
  /** True if the recommender couldn't be reached, so the answer may be old. */
  degraded: boolean
  items: RenderedItem[]
  /** The last offset of the stream `interactions` that the answer takes into account. */
  asOfOffset: number | null
  timings: { recommenderMs?: number; scoringMs?: number }
}

export type User = { userId: string; interactionCount: number }
export type Interaction = {
  interactionId: string
  itemId: string
  title: string
  rating: number | null
  occurredAt: string | null
}
export type Model = {
  version: string
  estimator: string
  params: Record<string, unknown>
  metrics: Record<string, number>
  createdAt: string
  live: boolean
  /** Trained before the last import that changed the data. */
  stale: boolean
  /** Items of the catalogue that the live version doesn't know; null for another version. */
  unknownItems: number | null
}

export type PageRequest = { pageSize: number; pageToken: string }
export type ItemPage = { items: Item[]; nextPageToken?: string }
export type UserPage = { users: User[]; nextPageToken?: string }
export type ModelPage = { models: Model[]; nextPageToken?: string }
export type InteractionPage = { interactions: Interaction[]; nextPageToken?: string; asOfOffset: number | null }

/** A message that no worker could finish. `jobId` and `kind` are null where it can't be decoded. */
export type DeadLetter = {
  deadLetterId: string
  messageId: string
  type: string
  jobId: string | null
  kind: string | null
  cause: string | null
  error: { reason: Reason; detail: string } | null
  attempts: number
  sizeBytes: number
  diedAt: string | null
}
export type DeadLetterPage = { deadLetters: DeadLetter[]; nextPageToken?: string }

/** A job's result file: its name, type and size, then its bytes. Destroying the body ends the call. */
export type ResultFile = { header: JobFile; body: Readable }

/** The questions of the decision tool, and typical projects. */
export type Questionnaire = decisions.GetQuestionnaireResponse
/** The ids of answers by the ids of questions. */
export type Answers = Record<string, string>
export type CriterionResult = Omit<decisions.CriterionResult, 'evidence'> & { evidence: decisions.Evidence }
/** Which back end suits a project. `smallestChange` is null if no small change leads to another decision. */
export type Decision = Omit<decisions.DecideResponse, 'criteria' | 'smallestChange' | 'agenda'> & {
  criteria: CriterionResult[]
  smallestChange: decisions.SmallestChange | null
  agenda: decisions.Agenda
}

export type RecommenderState = { channel: string; breaker: 'closed' | 'open' | 'half-open' }

/** Every method rejects with an AppError. */
export interface Recommender {
  /** The answer cache and the last-known answers. They must follow the stream `interactions`. */
  readonly followers: readonly LogHandlers[]
  recommend(request: RecommendRequest, call: Call): Promise<Recommendations>
  listSimilarItems(request: { itemId: string; limit: number }, call: Call): Promise<{ items: ScoredItem[] }>
  getItem(itemId: string, call: Call): Promise<Item>
  listItems(request: PageRequest & { query: string; genre: string }, call: Call): Promise<ItemPage>
  listGenres(call: Call): Promise<string[]>
  listUsers(request: PageRequest & { query: string }, call: Call): Promise<UserPage>
  getUser(userId: string, call: Call): Promise<User>
  listInteractions(request: PageRequest & { userId: string }, call: Call): Promise<InteractionPage>
  /** An empty version stands for the live one. */
  getModel(version: string, call: Call): Promise<Model>
  listModels(request: PageRequest, call: Call): Promise<ModelPage>
  promoteModel(version: string, call: Call): Promise<Model>
  readResult(jobId: string, call: Call): Promise<ResultFile>
  listDeadLetters(request: PageRequest, call: Call): Promise<DeadLetterPage>
  getDeadLetter(deadLetterId: string, call: Call): Promise<DeadLetter & { body: Buffer }>
  /** `queued` says whether the job is queued again. It isn't if the job needs no other run. */
  replayDeadLetter(deadLetterId: string, call: Call): Promise<{ deadLetter: DeadLetter; queued: boolean }>
  dropDeadLetter(deadLetterId: string, call: Call): Promise<DeadLetter>
  getQuestionnaire(call: Call): Promise<Questionnaire>
  decide(answers: Answers, call: Call): Promise<Decision>
  /** Call the listener when answers show another live version than before, the first one included. Returns the function that ends this. */
  onModelVersion(listener: (version: string) => void): () => void
  state(): RecommenderState
  close(): Promise<void>
}
