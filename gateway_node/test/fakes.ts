// The clients in memory, for the tests of all other parts.
export { FakeBroker } from './fake-broker.ts'
export { FakeRecommender } from './fake-recommender.ts'
