// Explains why the gateway can't reach the broker: the first line of the driver's error, and a hint if an operator must act. Never the URL, which holds a password.

export type Failure = { cause: string; hint?: string }

/** The error of amqplib when the broker refuses the virtual host. amqplib drops the broker's own text. */
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
