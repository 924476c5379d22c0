// The shapes of dead letters as the operator sees them.
import { Type } from 'typebox'
import { NextPageToken, Nullable, pageQuery, strict } from '../../http/schemas.ts'

const deadLetterFields = {
  deadLetterId: Type.String(),
  messageId: Type.String(),
  type: Type.String({ description: 'The message that it claims to be.' }),
  jobId: Nullable(Type.String({ description: 'Null where it is no job.' })),
  kind: Nullable(Type.String()),
  cause: Nullable(Type.String({ description: 'Why the broker put it here: rejected, expired or delivery_limit.' })),
  error: Nullable(Type.Object({ reason: Type.String(), detail: Type.String() })),
  attempts: Type.Integer({ description: 'At the job, all that have begun.' }),
  sizeBytes: Type.Integer(),
  diedAt: Nullable(Type.String({ format: 'date-time' })),
}

export const DeadLetter = Type.Object(deadLetterFields)
export const DeadLetterWithBody = Type.Object({
  ...deadLetterFields,
  body: Type.String({ description: 'As it came, in Base64.' }),
})
export const DeadLetterList = Type.Object({ deadLetters: Type.Array(DeadLetter), nextPageToken: NextPageToken })
export const Replay = Type.Object({
  deadLetter: DeadLetter,
  queued: Type.Boolean({ description: 'False where the job needs no other run: it runs, succeeded or was cancelled.' }),
})

export const DeadLetterPath = Type.Object({ deadLetterId: Type.String({ minLength: 1, maxLength: 100 }) })
export const DeadLettersQuery = Type.Object(pageQuery, strict)
