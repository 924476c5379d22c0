// The calls that pass through without cache or batch: catalogue, users, histories, model versions, dead letters.
import type { DecisionServiceClient } from '../../gen/whynotboth/v1/decisions.ts'
import type { JobServiceClient } from '../../gen/whynotboth/v1/jobs.ts'
import type { ModelServiceClient, RecommenderServiceClient } from '../../gen/whynotboth/v1/recommender.ts'
import type { Method } from './channel.ts'
import {
  toDeadLetter,
  toDecision,
  toInteraction,
  toItem,
  toModel,
  toNextPage,
  toScoredItem,
  toUser,
} from './messages.ts'
import type { Call, Recommender } from './recommender.ts'
import type { VersionWatch } from './version-watch.ts'

/** Call a method, with or without the circuit breaker. */
export type CallMethod = <Request, Response>(
  method: Method<Request, Response>,
  request: Request,
  call: Call,
) => Promise<Response>

type Lookups =
  | 'getItem'
  | 'listItems'
  | 'listGenres'
  | 'listSimilarItems'
  | 'listUsers'
  | 'getUser'
  | 'listInteractions'

export function createLookups(client: RecommenderServiceClient, callMethod: CallMethod): Pick<Recommender, Lookups> {
  return {
    getItem: async (itemId, call) => toItem((await callMethod(client.getItem.bind(client), { itemId }, call)).item),
    listItems: async (request, call) => {
      const { items, nextPageToken } = await callMethod(client.listItems.bind(client), request, call)
      return { items: items.map(toItem), ...toNextPage(nextPageToken) }
    },
    listGenres: async (call) => (await callMethod(client.listGenres.bind(client), {}, call)).genres,
    listSimilarItems: async (request, call) => {
      const { items } = await callMethod(client.listSimilarItems.bind(client), request, call)
      return { items: items.map(toScoredItem) }
    },
    listUsers: async (request, call) => {
      const { users, nextPageToken } = await callMethod(client.listUsers.bind(client), request, call)
      return { users, ...toNextPage(nextPageToken) }
    },
    getUser: async (userId, call) => toUser((await callMethod(client.getUser.bind(client), { userId }, call)).user),
    listInteractions: async (request, call) => {
      const page = await callMethod(client.listInteractions.bind(client), request, call)
      const interactions = page.interactions.map(toInteraction)
      return { interactions, ...toNextPage(page.nextPageToken), asOfOffset: page.asOfOffset ?? null }
    },
  }
}

type ModelLookups = 'getModel' | 'listModels' | 'promoteModel'

export function createModelLookups(
  client: ModelServiceClient,
  callMethod: CallMethod,
  versions: VersionWatch,
): Pick<Recommender, ModelLookups> {
  return {
    getModel: async (version, call) =>
      toModel((await callMethod(client.getModel.bind(client), { version }, call)).model),
    listModels: async (request, call) => {
      const { models, nextPageToken } = await callMethod(client.listModels.bind(client), request, call)
      return { models: models.map(toModel), ...toNextPage(nextPageToken) }
    },
    promoteModel: async (version, call) => {
      const startedAt = performance.now()
      const model = toModel((await callMethod(client.promoteModel.bind(client), { version }, call)).model)
      versions.note(model.version, startedAt)
      return model
    },
  }
}

type DecisionLookups = 'getQuestionnaire' | 'decide'

export function createDecisionLookups(
  client: DecisionServiceClient,
  callMethod: CallMethod,
): Pick<Recommender, DecisionLookups> {
  return {
    getQuestionnaire: (call) => callMethod(client.getQuestionnaire.bind(client), {}, call),
    decide: async (answers, call) => toDecision(await callMethod(client.decide.bind(client), { answers }, call)),
  }
}

type DeadLetterLookups = 'listDeadLetters' | 'getDeadLetter' | 'replayDeadLetter' | 'dropDeadLetter'

export function createDeadLetterLookups(
  client: JobServiceClient,
  callMethod: CallMethod,
): Pick<Recommender, DeadLetterLookups> {
  return {
    listDeadLetters: async (request, call) => {
      const { deadLetters, nextPageToken } = await callMethod(client.listDeadLetters.bind(client), request, call)
      return { deadLetters: deadLetters.map(toDeadLetter), ...toNextPage(nextPageToken) }
    },
    getDeadLetter: async (deadLetterId, call) => {
      const { deadLetter, body } = await callMethod(client.getDeadLetter.bind(client), { deadLetterId }, call)
      return { ...toDeadLetter(deadLetter), body }
    },
    replayDeadLetter: async (deadLetterId, call) => {
      const { deadLetter, queued } = await callMethod(client.replayDeadLetter.bind(client), { deadLetterId }, call)
      return { deadLetter: toDeadLetter(deadLetter), queued }
    },
    dropDeadLetter: async (deadLetterId, call) =>
      toDeadLetter((await callMethod(client.dropDeadLetter.bind(client), { deadLetterId }, call)).deadLetter),
  }
}
