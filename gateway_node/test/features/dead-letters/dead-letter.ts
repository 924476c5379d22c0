// A dead letter as the recommender returns it.
import type { DeadLetter } from '../../../src/clients/recommender/recommender.ts'

/** The dead letter of an export that failed for good. */
export function deadLetter(deadLetterId: string, fields: Partial<DeadLetter> = {}): DeadLetter & { body: Buffer } {
  return {
    deadLetterId,
    messageId: 'm',
    type: 'whynotboth.v1.JobRequested',
    jobId: 'a-job',
    kind: 'export',
    cause: 'rejected',
    error: { reason: 'MODEL_NOT_LOADED', detail: 'None is live.' },
    attempts: 4,
    sizeBytes: 3,
    diedAt: '2026-01-02T03:04:05.000Z',
    body: Buffer.from([0, 128, 255]),
    ...fields,
  }
}
