// Explains why the gateway can't reach the broker: the first line of amqplib's error, and a hint if an operator must act. It never contains the URL,
// which holds a password.

export type Failure = { cause: string; hint?: string }

/** amqplib's error text when the broker refuses the virtual host. amqplib drops the broker's own text. */
const closedAtOpen = 'Expected ConnectionOpenOk'

const hints: [sign: string, hint: string][] = [
  ['ACCESS-REFUSED', 'Correct the user or the password in AMQP_URL, or give that user the permissions.'],
  [
    closedAtOpen,
    "The virtual host in AMQP_URL doesn't exist, or the user has no permission for it. Correct AMQP_URL or the broker.",
  ],
  [
    'PRECONDITION-FAILED',
    'A queue or stream exists with other arguments. Delete it, or set AMQP_URL to another virtual host.',
  ],
]

export function explain(error: unknown): Failure {
  // If a host has several addresses, Node's error has no message, only a code.
  const said =
    error instanceof Error
      ? error.message || String((error as NodeJS.ErrnoException).code ?? error.name)
      : String(error)
  const cause = said.split('\n', 1)[0] ?? said
  const hint = hints.find(([sign]) => cause.includes(sign))?.[1]
  return hint === undefined ? { cause } : { cause, hint }
}

/** Return a log that warns once for each cause, not at every attempt that fails for the same cause. */
export function createFailureLog(warn: (failure: Failure) => void) {
  let logged: string | undefined
  return {
    failed: (error: unknown) => {
      const failure = explain(error)
      if (failure.cause !== logged) warn(failure)
      logged = failure.cause
    },
    succeeded: () => {
      logged = undefined
    },
  }
}
