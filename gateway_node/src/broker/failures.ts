// Why the broker isn't reached: one line of what the driver said, and what to mend where waiting is in vain. Never the URL.

export type Failure = { cause: string; hint?: string }

/** What amqplib says when the broker closes the connection at the virtual host: the broker's own words are lost in it. */
const closedAtOpen = 'Expected ConnectionOpenOk'

const hints: [sign: string, hint: string][] = [
  ['ACCESS-REFUSED', 'Mend the user or the password of AMQP_URL, or what that user may do.'],
  [
    closedAtOpen,
    "The virtual host of AMQP_URL isn't there, or its user has no right to it. Mend AMQP_URL or the broker.",
  ],
  [
    'PRECONDITION-FAILED',
    'A queue or stream is there with other arguments. Remove it, or name another virtual host by AMQP_URL.',
  ],
]

export function explain(error: unknown): Failure {
  // Of a host with several addresses Node says only the code.
  const said =
    error instanceof Error
      ? error.message || String((error as NodeJS.ErrnoException).code ?? error.name)
      : String(error)
  const cause = said.split('\n', 1)[0] ?? said
  const hint = hints.find(([sign]) => cause.includes(sign))?.[1]
  return hint === undefined ? { cause } : { cause, hint }
}

/** Tells a failure once: not again while each attempt fails for the same cause. */
export function createFailureLog(warn: (failure: Failure) => void) {
  let told: string | undefined
  return {
    failed: (error: unknown) => {
      const failure = explain(error)
      if (failure.cause !== told) warn(failure)
      told = failure.cause
    },
    succeeded: () => {
      told = undefined
    },
  }
}
