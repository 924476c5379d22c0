// The questions that are passed on as they are: catalogue, users, histories, model versions, dead letters.
import type { JobServiceClient } from '../../gen/whynotboth/v1/jobs.ts'
import type { ModelServiceClient, RecommenderServiceClient } from '../../gen/whynotboth/v1/recommender.ts'
import type { Method } from './channel.ts'
import { toDeadLetter, toInteraction, toItem, toModel, toNextPage, toScoredItem, toUser } from './messages.ts'
import type { Call, Recommender } from './recommender.ts'
import type { VersionWatch } from './version-watch.ts'

/** Calls a method, with whatever guards calls. */
export type Ask = <Request, Response>(
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

export function createLookups(client: RecommenderServiceClient, ask: Ask): Pick<Recommender, Lookups> {
  return {
    getItem: async (itemId, call) => toItem((await ask(client.getItem.bind(client), { itemId }, call)).item),
    listItems: async (request, call) => {
      const { items, nextPageToken } = await ask(client.listItems.bind(client), request, call)
      return { items: items.map(toItem), ...toNextPage(nextPageToken) }
    },
    listGenres: async (call) => (await ask(client.listGenres.bind(client), {}, call)).genres,
    listSimilarItems: async (request, call) => {
      const { items } = await ask(client.listSimilarItems.bind(client), request, call)
      return { items: items.map(toScoredItem) }
    },
    listUsers: async (request, call) => {
      const { users, nextPageToken } = await ask(client.listUsers.bind(client), request, call)
      return { users, ...toNextPage(nextPageToken) }
    },
    getUser: async (userId, call) => toUser((await ask(client.getUser.bind(client), { userId }, call)).user),
    listInteractions: async (request, call) => {
      const page = await ask(client.listInteractions.bind(client), request, call)
      const interactions = page.interactions.map(toInteraction)
      return { interactions, ...toNextPage(page.nextPageToken), asOfOffset: page.asOfOffset ?? null }
    },
  }
}

type ModelLookups = 'getModel' | 'listModels' | 'promoteModel'

export function createModelLookups(
  client: ModelServiceClient,
  ask: Ask,
  versions: VersionWatch,
): Pick<Recommender, ModelLookups> {
  return {
    getModel: async (version, call) => toModel((await ask(client.getModel.bind(client), { version }, call)).model),
    listModels: async (request, call) => {
      const { models, nextPageToken } = await ask(client.listModels.bind(client), request, call)
      return { models: models.map(toModel), ...toNextPage(nextPageToken) }
    },
    promoteModel: async (version, call) => {
      const askedAt = performance.now()
      const model = toModel((await ask(client.promoteModel.bind(client), { version }, call)).model)
      versions.note(model.version, askedAt)
      return model
    },
  }
}

type DeadLetterLookups = 'listDeadLetters' | 'getDeadLetter' | 'replayDeadLetter' | 'dropDeadLetter'

export function createDeadLetterLookups(client: JobServiceClient, ask: Ask): Pick<Recommender, DeadLetterLookups> {
  return {
    listDeadLetters: async (request, call) => {
      const { deadLetters, nextPageToken } = await ask(client.listDeadLetters.bind(client), request, call)
      return { deadLetters: deadLetters.map(toDeadLetter), ...toNextPage(nextPageToken) }
    },
    getDeadLetter: async (deadLetterId, call) => {
      const { deadLetter, body } = await ask(client.getDeadLetter.bind(client), { deadLetterId }, call)
      return { ...toDeadLetter(deadLetter), body }
    },
    replayDeadLetter: async (deadLetterId, call) => {
      const { deadLetter, queued } = await ask(client.replayDeadLetter.bind(client), { deadLetterId }, call)
      return { deadLetter: toDeadLetter(deadLetter), queued }
    },
    dropDeadLetter: async (deadLetterId, call) =>
      toDeadLetter((await ask(client.dropDeadLetter.bind(client), { deadLetterId }, call)).deadLetter),
  }
}
