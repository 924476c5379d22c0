/**
 * The gateway's JSON as types for editors. Contains no code; /openapi.json is the reference.
 *
 * @typedef {{itemId: string, title: string, year?: number | null, genres: string[]}} Item
 * @typedef {{itemId: string, title: string}} ItemReference
 * @typedef {Item & {score: number, why: ItemReference[]}} RecommendedItem
 * @typedef {Item & {score: number}} SimilarItem
 * @typedef {{userId: string, modelVersion: string, source: 'model' | 'cache' | 'fallback', degraded: boolean,
 *   items: RecommendedItem[]}} Recommendations
 * @typedef {{userId: string, interactionCount: number}} User
 * @typedef {{token: string, role: 'viewer' | 'operator', userId?: string, expiresAt: string}} Session
 * @typedef {{interactionId: string, itemId: string, title: string, rating?: number | null, occurredAt?: string | null}} Interaction
 * @typedef {{interactionId: string, userId: string, itemId: string, rating: number, acceptedAt: string,
 *   offset: number | null}} AcceptedInteraction
 *
 * @typedef {{name: string, type?: string, description?: string, items?: {enum?: string[]}, minimum?: number, maximum?: number,
 *   default?: unknown}} JobField  one parameter, as its JSON schema describes it
 * @typedef {{name: string, description: string, fields: JobField[]}} JobKind
 * @typedef {'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'} JobState
 * @typedef {{modelVersion?: string | null, promoted?: boolean, file?: {name: string, mediaType: string, sizeBytes: number} | null}} JobResult
 * @typedef {{jobId: string, kind: string, params: object, state: JobState, cancelRequested: boolean, percent: number, step: string,
 *   metrics: Record<string, number>, attempts: number, createdAt: string, updatedAt: string,
 *   error: {reason: string, detail: string} | null, result: JobResult | null}} Job
 *
 * @typedef {{version: string, estimator: string, params: Record<string, unknown>, metrics: Record<string, number>,
 *   createdAt: string, live: boolean, stale?: boolean, unknownItems?: number | null}} Model
 *
 * @typedef {{kind: string, userId?: string, itemId?: string, jobId?: string, at: string}} ActivityEvent
 * @typedef {{count: number, errors: number, perSecond: number, p50Ms: number, p99Ms: number}} RouteStats
 * @typedef {{attached: boolean, offset: number | null}} ReaderStats
 * @typedef {{gateway: string, uptimeSeconds: number, routes: Record<string, RouteStats>, sockets: number,
 *   readers: Record<string, ReaderStats>, breaker: string}} Stats
 *
 * @typedef {{name: string, durationMs: number | null, description: string | null}} Timing  one entry of a Server-Timing header
 */
export {}
