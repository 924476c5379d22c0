// Clients in memory, for tests of everything else.
export { FakeBroker } from './fake-broker.ts'
export { FakeRecommender } from './fake-recommender.ts'
