/**
 * Texts about the user whose list the page shows: they say "you" to that user, and name the user to the operator. Pure.
 */

/** @param {string | null} userId @param {boolean} isOperator */
export function wordsAbout(userId, isOperator) {
  return isOperator ? wordsForTheOperator(userId) : wordsForTheUser
}

const wordsForTheUser = {
  because: 'because you rated',
  noReason: 'nothing that you rated speaks for it',
  newUser: 'you have not rated a film yet',
  emptyHistory: 'Nothing yet. Rate a film, and it appears here.',
  nothingLeft: 'Nothing is left to recommend to you.',
  sources: {
    model: 'Scored by the live model for your history',
    cache: 'Scored before by the live model; nothing that it depends on has changed since',
    fallback: 'Popular films: the model knows nothing of you yet',
  },
}

/** @param {string | null} userId @returns {typeof wordsForTheUser} */
const wordsForTheOperator = (userId) => ({
  because: `because user ${userId} rated`,
  noReason: `nothing that user ${userId} rated speaks for it`,
  newUser: 'nobody with this id has rated anything yet',
  emptyHistory: 'Nothing yet. What this user rates appears here.',
  nothingLeft: 'Nothing is left to recommend to this user.',
  sources: {
    ...wordsForTheUser.sources,
    model: 'Scored by the live model for this user’s history',
    fallback: 'Popular films: the model knows nothing of this user yet',
  },
})
